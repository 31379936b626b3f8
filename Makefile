# Everything here works from a bare checkout with Python >= 3.11 and make: the first target
# that needs it makes the environment in .venv.
.PHONY: help demo test test-fast test-slow coverage test-images lint format bench soak ci-system lock build images clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
# A browser, a tracer, a C compiler, a container engine with Debian's Python for a base image, and PostgreSQL.
SYSTEM := chromium fonts-dejavu-core strace docker.io docker-compose iptables python3-venv postgresql gcc libc6-dev
export OMP_NUM_THREADS := 1
export HOLDFAST_DATA ?= $(abspath ../shared/data)

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12"; exit 1; }
	@echo "Making the environment in $(VENV) ..."
	@begin=$$(date +%s); \
	$(PYTHON) -m venv $(VENV) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock \
	  --editable '.[all]' --group dev && \
	touch $@ && \
	echo "The environment is ready ($$(( $$(date +%s) - begin )) s)."

demo: $(READY) ## Play a year of a telecom's traffic through the whole loop
	@$(BIN)/holdfast demo

test: test-fast test-slow ## Run every test that this machine can run

test-fast: $(READY) ## Run the first tier: no processes, no browsers
	$(PYTEST) -m "not slow and not soak" --doctest-modules -n 2 --dist worksteal --durations 10 src tests

test-slow: $(READY) ## Run the second tier: processes, HTTP, browsers, real data
	$(PYTEST) -m slow -n 2 --dist worksteal --durations 25 tests

coverage: $(READY) ## Say what the first tier does not run; it takes half as long again
	$(PYTEST) -m "not slow and not soak" --doctest-modules -n 2 --dist worksteal --cov --cov-report= src tests
	@$(BIN)/coverage report --skip-covered --skip-empty --sort cover | tail -n 25

test-images: $(READY) ## Build the container images, start them, and ask them (Docker, or Linux and root)
	$(PYTEST) --durations 5 tests/acceptance/test_containers.py

lint: $(READY) ## Check style, types and the floors of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## Lay the code out
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## Measure on a quiet machine, an hour; results go to benchmarks/results
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/drift_speed.py
	$(BIN)/python benchmarks/detection.py
	$(BIN)/python benchmarks/multivariate.py
	$(BIN)/python benchmarks/sequential.py
	$(BIN)/python benchmarks/guard.py
	$(BIN)/python benchmarks/real_data.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/log_growth.py --dir .

soak: $(READY) ## Run the long tests; what came of them goes to benchmarks/results
	$(BIN)/python benchmarks/soak.py

ci-system: ## Install what the tests need of the system (root, Debian)
	@dpkg --status $(SYSTEM) >/dev/null 2>&1 || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends $(SYSTEM) >/dev/null; }

lock: $(READY) ## Resolve the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --extra all --group dev pyproject.toml -o requirements.lock --upgrade

build: $(READY) ## Build the wheel into dist/
	$(BIN)/python -m build --installer uv --wheel

images: ## Build the container images holdfast-serve and holdfast-control
	DOCKER_BUILDKIT=1 docker build -f deploy/Dockerfile --target serve -t holdfast-serve .
	DOCKER_BUILDKIT=1 docker build -f deploy/Dockerfile --target control -t holdfast-control .

clean: ## Remove what was made
	rm -rf $(VENV) dist build artefacts .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
