"""What we add to the standard's resources: rows of the same form, under a root of their own.

They are numbered from 101, so that nobody takes one for a row of the utility's list.
"""

from wattshare.espi.endpoint import Answer, Endpoint, Root, Shape, Token

# the class of bearer that ordered for one customer, beside the third party itself
ORDERERS = frozenset({Token.ACCESS})

ADDITIONS: tuple[Endpoint, ...] = (
    Endpoint(
        row=101,
        name="notices",
        root=Root.OURS,
        path="/notices",
        token=Token.CLIENT,
        shape=Shape.NOTICES,
        function_blocks=(),
        sentence="The notices of the third party with every try to tell them; `since`, `after` and `limit` page.",
    ),
    Endpoint(
        row=102,
        name="replay-notices",
        method="POST",
        root=Root.OURS,
        path="/notices/replay",
        token=Token.CLIENT,
        answer=Answer.REPLAY,
        shape=Shape.NOTICES,
        function_blocks=(),
        sentence="Tell again every notice from `since` to `until`.",
    ),
    Endpoint(
        row=103,
        name="notice-keys",
        root=Root.OURS,
        path="/notices/keys",
        token=Token.NONE,
        shape=Shape.NOTICE_KEYS,
        function_blocks=(),
        sentence="The public keys that notices are signed with.",
    ),
    Endpoint(
        row=104,
        name="notice",
        root=Root.OURS,
        path="/notices/{notice}",
        token=Token.CLIENT,
        shape=Shape.NOTICE_RECORD,
        function_blocks=(),
        sentence="One notice with every try to tell it.",
    ),
    Endpoint(
        row=105,
        name="replay-notice",
        method="POST",
        root=Root.OURS,
        path="/notices/{notice}/replay",
        token=Token.CLIENT,
        answer=Answer.REPLAY,
        shape=Shape.NOTICE_RECORD,
        function_blocks=(),
        sentence="Tell a notice again; where its file is gone, the same window is ordered again.",
    ),
    Endpoint(
        row=106,
        name="outages",
        root=Root.OURS,
        path="/outages",
        token=Token.CLIENT,
        shape=Shape.OUTAGES,
        function_blocks=(),
        sentence="Outages that are planned or under way.",
    ),
    Endpoint(
        row=107,
        name="order",
        root=Root.OURS,
        path="/orders/{order}",
        token=Token.CLIENT,
        also=ORDERERS,
        shape=Shape.ORDER,
        function_blocks=(),
        sentence="How far an order is; once it is made, its files with their sizes and digests.",
    ),
    Endpoint(
        row=108,
        name="cancel-order",
        method="DELETE",
        root=Root.OURS,
        path="/orders/{order}",
        token=Token.CLIENT,
        also=ORDERERS,
        answer=Answer.CANCEL,
        shape=Shape.ORDER,
        function_blocks=(),
        sentence="Cancel an order: it is not made, or its files are thrown away, and no notice tells of it.",
    ),
)
