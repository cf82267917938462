"""The fast way from packed blocks to bytes, and from bytes to one gzip member.

What the XML looks like is known by the typed writer alone. Here its output is cut into pieces, once, and blocks are
put together from these: a *fragment* is one reading without its numbers, a *form* the readings of a day of any
date, a *template* the whole entry of one date but for its values, its address and its times.
"""
