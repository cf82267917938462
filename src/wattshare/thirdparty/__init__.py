"""The party that asks: a client for a Green Button Connect custodian, and what it needs around it.

`custodian` says whom to ask and as whom, `client` asks, `connect` brings customers, `tokens` keeps what they
gave; `feeds`, `bills` and `services` turn answers into values; `receiver` and `inbox` take notices.
"""
