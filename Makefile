.PHONY: test unit lint types format bench docs

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
docs: ## regenerate the reference pages
	.venv/bin/python -m fatecloud.cli.reference
