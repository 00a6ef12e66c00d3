"""What was asked of the API, and how long the answers took, as metrics."""

from callmissed.runtime.metrics import REQUEST_BUCKETS_S, Board

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""The web app's files, and whatever nobody serves: a stranger's words make no label."""


class RequestMetrics:
    """`note` is told each request once, when it was answered."""

    def __init__(self, board: Board) -> None:
        self._requests = board.count(
            "http_requests",
            "Requests by the template of their route; status 0: the client went away.",
            "method",
            "route",
            "status",
        )
        self._took_s = board.measure(
            "http_request_seconds",
            "From a request's arrival to the end of its answer.",
            "method",
            "route",
            buckets=REQUEST_BUCKETS_S,
        )

    def note(self, method: str, route: str, status: int, took_s: float) -> None:
        """`route` is empty where no route of the API answered."""
        method = method if method in METHODS else OTHER
        self._requests.labels(method, route or OTHER, status).inc()
        self._took_s.labels(method, route or OTHER).observe(took_s)
