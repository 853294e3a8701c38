# Everything a contributor runs. The only tools assumed: make, git and Python 3.11 or newer.
UV := scripts/uv
RUN := $(UV) run --no-sync
CODE := src tests scripts bench evals

.DEFAULT_GOAL := help
.PHONY: help sync loaders baselines check test bench eval demo docs escape microvm fuzz prove clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

sync: ## make or refresh .venv from uv.lock (uv itself is fetched into .uv when missing)
	@$(UV) --locked-sync

loaders: ## make or refresh .loaders, where detonation finds torch, Keras and the like
	@$(UV) --locked-loaders
	@$(UV) pip install --quiet --python .loaders/bin/python \
		$(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) -r requirements/torch.txt
	@# Inside a sandbox nothing can be compiled for the next time. Some packages hold templates that
	@# are no Python: they stay as they are.
	@.loaders/bin/python -m compileall -q -j 2 .loaders/lib >/dev/null || true

baselines: sync loaders ## learn what the loaders in .loaders do by themselves (a new version: run it)
	$(RUN) python scripts/make_baselines.py --python .loaders/bin/python $(ARGS)

check: sync ## everything that reads the code without running it
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python scripts/check_house.py
	$(RUN) python scripts/check_package.py
	$(RUN) python scripts/make_reference.py --check

test: sync ## the test suite, on two cores
	$(RUN) pytest -n 2 $(TESTS)

bench: sync ## speed and memory as ratios to peers in one run (BENCH_GB=0.25 for a quick one)
	$(RUN) python -m bench.run $(ARGS)

eval: sync ## detection and false alarms, next to peers, on generated and on real files
	$(RUN) python -m evals.run $(ARGS)

demo: sync ## scan and detonate a real model and a trojan, sign a badge, see it refuse a changed byte
	@$(RUN) python -m scripts.demo

docs: sync ## write the generated pages: rules, command line, schemas, a session, the picture
	$(RUN) python scripts/make_reference.py
	$(RUN) python -m scripts.make_session
	$(RUN) python -m scripts.picture

escape: sync ## try to get out of every tier that this machine offers (ARGS=--check compares, as CI does)
	$(RUN) python -m scripts.escape $(ARGS)

microvm: sync ## build the microVM's image from Debian packages and boot it once
	$(RUN) pratique microvm build

fuzz: sync ## hostile bytes for longer (FUZZ=100 times the examples of `make test`)
	PRATIQUE_FUZZ=$(or $(FUZZ),100) $(RUN) pytest tests/fuzz -n 2 --timeout 3600 $(ARGS)

prove: sync ## the long proofs, one after another: scripts/prove_*
	scripts/prove.sh

clean: ## remove what the targets above made, but for downloads (.peers, .corpus)
	rm -rf .venv .loaders .microvm .uv .demo build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
