# Each target installs what it needs first: a fresh machine needs Python 3.11 to 3.13 and make.

PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .uv/bin/uv
BIN := .venv/bin
PYTHONS := 3.11 3.12 3.13

.PHONY: demo test lint bench install lock clean

demo: install ## Run every step of the way on the digits, on this machine.
	$(BIN)/pipelines demo

test: install .venv-contract/installed .venv-serving/installed $(PYTHONS:%=.venv-%/installed) ## Run the tests and report what they cover.
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov

lint: install ## Check style, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: install .venv-serving/installed .venv-evidently/installed ## Measure the numbers that the README states.
	$(BIN)/python -m tests.benchmarks

install: .venv/installed ## Install the locked dependencies into .venv.

.venv/installed: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# The real training toolkit compiles a C extension: without a compiler its tests are skipped.
.venv-contract/installed: requirements-contract.lock | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-contract
	if command -v cc >/dev/null; then \
	  $(UV) pip sync --quiet --python .venv-contract/bin/python --require-hashes requirements-contract.lock; \
	fi
	touch $@

# The real serving toolkit. Torch is that of .venv, whose packages it sees after its own.
.venv-serving/installed: requirements-serving.lock | .venv/installed $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-serving
	$(UV) pip sync --quiet --python .venv-serving/bin/python --require-hashes requirements-serving.lock
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > $$(.venv-serving/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch-of-venv.pth
	touch $@

# What compiles definitions, under each supported Python: what this machine lacks is skipped.
.venv-3.%/installed: export PYENV_VERSION = 3.$*
.venv-3.%/installed: requirements-definitions.lock | $(UV)
	mkdir -p $(@D)
	if $(UV) python find --quiet --no-python-downloads 3.$* >/dev/null 2>&1; then \
	  $(UV) venv --quiet --allow-existing --no-python-downloads --python 3.$* $(@D); \
	  $(UV) pip sync --quiet --python $(@D)/bin/python --require-hashes requirements-definitions.lock; \
	fi
	touch $@

.venv-evidently/installed: requirements-evidently.lock | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-evidently
	$(UV) pip sync --quiet --python .venv-evidently/bin/python --require-hashes requirements-evidently.lock
	touch $@

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

lock: | $(UV) ## Resolve the dependencies anew.
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --group build --group test --group notebooks --group lint pyproject.toml \
	  --output-file requirements.lock
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --group contract --output-file requirements-contract.lock
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --group serving --output-file requirements-serving.lock
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --group evidently --output-file requirements-evidently.lock
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --group definitions --constraints requirements.lock \
	  --output-file requirements-definitions.lock

clean: ## Remove what the targets made.
	rm -rf .uv .venv .venv-contract .venv-serving .venv-evidently $(PYTHONS:%=.venv-%) .local
