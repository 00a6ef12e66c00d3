"""A worker whose call processes follow scripts; see `scripted_child`."""

import uvloop

from callmissed.runtime.logs import configure_logs
from callmissed.runtime.settings import load_settings
from callmissed.worker.parent import serve
from tests.worker.terms import SCRIPTED_CHILD

if __name__ == "__main__":
    configure_logs("worker", "info")
    uvloop.run(serve(load_settings(), SCRIPTED_CHILD))
