"""What the house knows, and its rules. Nothing here touches a database, a clock or the network."""
