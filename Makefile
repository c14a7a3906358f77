.PHONY: test unit lint types format docs golden bench lock upgrade

COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-build --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' --group build

test: ## everything, as CI does
	scripts/test --yes
unit: ## what needs no node
	.venv/bin/pytest tests/unit tests/golden
lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/yamllint --strict . && .venv/bin/ansible-lint --offline
types:
	.venv/bin/mypy
format:
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .
docs: ## write the generated reference pages again
	.venv/bin/python -m fatecloud.cli.reference
golden: ## write the rendered examples again; read the diff before committing it
	FATECLOUD_UPDATE_GOLDEN=1 .venv/bin/pytest -q tests/golden
lock: ## resolve the controller's dependencies, and write their versions and hashes; keeps the versions that fit
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
upgrade: ## the same with the newest versions that pyproject.toml allows
	rm -f requirements.lock requirements-dev.lock
	$(MAKE) lock
bench: ## measure on nodes of its own; prints one table (see docs/performance.md)
	.venv/bin/pip install --quiet --editable '.[bench]'
	.venv/bin/python tests/bench
