"""Spans of OpenTelemetry with ids that were known before; imported only where spans are exported."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context


class PlannedIds(IdGenerator):
    """Gives the next span the ids that were planned for it. One thread starts all spans."""

    def __init__(self) -> None:
        self._trace_id = self._span_id = 1

    def plan(self, trace_id: int, span_id: int, parent_id: int | None) -> Context:
        """The context to start that span in; without a parent it is a root."""
        self._trace_id, self._span_id = trace_id, span_id
        if parent_id is None:
            return Context()
        flags = TraceFlags(TraceFlags.SAMPLED)
        parent = SpanContext(trace_id, parent_id, is_remote=False, trace_flags=flags)
        return set_span_in_context(NonRecordingSpan(parent), Context())

    def generate_span_id(self) -> int:
        return self._span_id

    def generate_trace_id(self) -> int:
        return self._trace_id
