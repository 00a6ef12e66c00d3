# Every target says what it does: `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export UV_CACHE_DIR ?= $(HOME)/.cache/uv

.PHONY: help setup web up test check lint format dev docs clean bench soak bench-admission proofs-first-call

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: .venv/.ready web ## install everything that `up` and `test` need (Python, web app, media server)

.venv/.ready: pyproject.toml uv.lock
	@scripts/need python3 "Install Python 3.11 to 3.13 (Debian: apt-get install python3 python3-venv)."
	test -x $(PY) || python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.13,<0.14"
	.venv/bin/uv sync --frozen --quiet --extra espeak
	@touch $@

web: web/dist/index.html ## build the web app that the API serves

web/dist/index.html: web/package-lock.json web/index.html web/openapi.json $(shell find web/src -type f 2>/dev/null)
	@scripts/need npm "Install Node.js 20.19 or newer with npm (https://nodejs.org), then run make again."
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run build --silent

up: setup ## set up and start everything, print one address (UP="--port 9000" for options)
	.venv/bin/callmissed up $(UP)

test: setup ## every test, with a real database, media server and browser
	scripts/test

check: .venv/.ready ## lint, types, import rules, structure
	.venv/bin/ruff check src tests bench
	.venv/bin/ruff format --check src tests bench
	.venv/bin/lint-imports
	.venv/bin/mypy
	.venv/bin/pytest -q tests/house

format: .venv/.ready ## rewrite the code in the house's layout
	.venv/bin/ruff check --fix src tests bench
	.venv/bin/ruff format src tests bench

dev: setup ## the installation on port 8080 with the web app reloading on port 5173
	scripts/dev

docs: .venv/.ready ## write the generated pages of docs/reference and web/openapi.json again
	$(PY) -m scripts.reference

clean: ## remove what was built; data is kept
	rm -rf .venv web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache

proofs-first-call: setup ## the slow proofs of the first call: questions, latency, deadlines, twenty browser runs
	$(PY) -m bench.first_call.questions
	$(PY) -m bench.first_call.latency
	$(PY) -m bench.first_call.deadlines
	for run in $$(seq 1 20); do TEST_BROWSER=$$(scripts/browser) .venv/bin/pytest -q tests/browser/test_first_call.py || exit 1; done

fuzz: setup ## 20,000 made-up requests against a running API
	$(PY) -m bench.identity.fuzz

proofs-identity: setup fuzz ## the slow proofs of identity: forgeries, mutations, matrix, revocation
	PROOF=full .venv/bin/pytest -q -s tests/fuzz tests/matrix tests/api/test_revocation.py

bench: setup ## the voice loop beside Pipecat and LiveKit Agents on one contract; about 40 minutes, on a quiet machine
	$(PY) -m bench.loop $(BENCH)

soak: setup ## a call of half an hour, 25 calls for ten minutes, calls through rooms: what grows, what is left; about 25 minutes
	$(PY) -m bench.soak $(SOAK)

bench-admission: setup ## offers an installation twice the calls that it takes; about three minutes
	$(PY) -m bench.rooms.admission

proofs-providers: setup ## the slow proofs of failing providers: 500 broken utterances, 300 turns whose models fail
	$(PY) -m bench.providers.hearing
	$(PY) -m bench.providers.answering

bench-telemetry: setup ## what storage, metrics and traces add to the time to first audio; 10 minutes, on a quiet machine
	$(PY) -m bench.telemetry

proofs-conversation: setup ## who has the floor and what was heard: 120 callers who speak into the agent's speech; 5 minutes
	$(PY) -m bench.turns
	$(PY) -m bench.turns --jump
	$(PY) -m bench.turns --jump --late
	$(PY) -m bench.turns.heard
	.venv/bin/pytest -q tests/voice/test_dictation_calls.py tests/voice/test_heard_words.py

proofs-sound: setup ## what loudness, noise and echo do to calls, and what that costs; about 25 minutes
	$(PY) -m bench.sound.cost
	$(PY) -m bench.sound.recognition
	$(PY) -m bench.sound.captions
	$(PY) -m bench.sound.passing
	$(PY) -m bench.sound.cutting_in
	$(PY) -m bench.sound.conversations

chaos: setup ## five minutes of random faults under calls, judged by their histories (CHAOS="--minutes 30 --seed 7")
	$(PY) -m bench.survival.chaos $(CHAOS)

proofs-survival: setup ## the slow proofs of survival: deaths of processes, hosts and servers, freezes, a drain
	$(PY) -m bench.survival.processes --calls 200
	$(PY) -m bench.survival.processes --calls 50 --hosts 2
	$(PY) -m bench.survival.outages

eval-knowledge: setup ## whether 161 spoken questions find the passages that answer them
	$(PY) -m bench.knowledge

bench-knowledge: setup ## retrieval with 1,000,000 passages in the table; about 10 minutes and 5 GB of disk
	$(PY) -m bench.knowledge.latency

bench-knowledge-calls: setup ## what looking things up adds to first audio, and what reading a PDF does to calls; about four minutes
	$(PY) -m bench.knowledge.first_audio
