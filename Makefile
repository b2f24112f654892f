# Everything one does with this checkout. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

export ROOT ?= .
export PORT ?= 7788
# The first Python on the PATH that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := daemon tests bench

# Where `make install` puts things; DESTDIR goes before all of it, for those who make packages.
DESTDIR ?=
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib/filed
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DATADIR ?= $(PREFIX)/share/filed
DOCDIR ?= $(PREFIX)/share/doc/filed
# What is installed there: wheels of filed and of all that it needs, for the Python that will run it.
WHEELS ?= build/wheels
# That is PYTHON where it is given, else the system's own where that is new enough: a service does
# not depend on what somebody has in their home.
SYSTEM_PYTHON = $(shell for p in /usr/bin/python3 /usr/local/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
RUNS_WITH = $(if $(filter file,$(origin PYTHON)),$(or $(SYSTEM_PYTHON),$(PYTHON)),$(PYTHON))
# By its own name, python3.11 and not python3: what is compiled suits no other.
INTERPRETER = $(shell $(RUNS_WITH) -c 'import os, sys; print(os.path.realpath(sys.executable))')
CONFIG = $(DESTDIR)$(SYSCONFDIR)/filed/filed.toml

# The system that `make test-systemd` boots: a tree of Debian's.
DEBIAN := .cache/debian
DEBIAN_PACKAGES := systemd,systemd-sysv,dbus,python3,python3-venv,make,procps,curl

# One of the servers that `make bench-tftp` measures.
TFTPD_HPA := .cache/tftpd-hpa

# Set-up is done once: each stamp is newer than what it was made from.
SERVES := $(VENV)/.serves
DEVELOPS := $(VENV)/.develops

.PHONY: help
help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name what; do printf '  %-15s %s\n' "$$name" "$$what"; done

.PHONY: run
run: $(SERVES)  ## Serve ROOT (this directory unless given) on PORT (7788), and say how to fetch from it
	@$(BIN)/filed serve --banner --root "$$ROOT" --listen.tcp "[::]:$$PORT" \
		--listen.udp "[::]:$$PORT" --metrics.listen "127.0.0.1:$$((PORT + 1))"

.PHONY: check
check: $(DEVELOPS)  ## Lint, types, direction of imports, freshness of generated files
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m filed.settings.generate --check
	$(BIN)/python -m filed.metrics.generate --check

.PHONY: test
test: $(DEVELOPS)  ## The tests, but for those that have a target of their own
	$(BIN)/pytest -m 'not tree and not wheel and not prometheus and not systemd' $(TESTS)

.PHONY: test-tree
test-tree: $(DEVELOPS)  ## Serve a whole real tree and compare every file: minutes
	$(BIN)/pytest -m tree

.PHONY: test-wheel
test-wheel: $(DEVELOPS)  ## Build the wheel, install it for each Python there is, serve with it
	$(BIN)/pytest -m wheel

.PHONY: test-prometheus
test-prometheus: $(DEVELOPS)  ## Have a real Prometheus watch it: rules, dashboard, alerts; minutes
	$(BIN)/pytest -m prometheus

.PHONY: test-systemd
test-systemd: $(DEVELOPS) | $(DEBIAN)  ## Install and run it under a real systemd, in a container: needs root
	$(BIN)/pytest -m systemd

# From where this machine's own packages come, if it is a Debian; else from where debootstrap likes.
$(DEBIAN):
	mkdir -p $(@D)
	rm -rf $@.new
	mirror=$$(apt-get indextargets --format '$$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | \
		head -n 1); debootstrap --variant=minbase --include=$(DEBIAN_PACKAGES) bookworm $@.new $$mirror
	mv $@.new $@

# A case or a peer in BENCH is one of HTTP's: TFTP is measured as well where there is none.
.PHONY: bench
bench: $(DEVELOPS)  ## Measure against nginx, then TFTP servers (needs nginx and wrk; best as root)
	$(BIN)/python -m bench $(BENCH)
	$(if $(filter --case% --peer%,$(BENCH)),,@$(MAKE) --no-print-directory bench-tftp)

.PHONY: bench-tftp
bench-tftp: $(DEVELOPS) | $(if $(shell command -v apt-get),$(TFTPD_HPA))  ## Measure against tftpd-hpa, dnsmasq and atftpd (needs those and root)
	PATH="$(CURDIR)/$(TFTPD_HPA)/usr/sbin:$$PATH" $(BIN)/python -m bench.tftp $(BENCH)

# Debian has either tftpd-hpa or atftpd installed, never both: this one is only unpacked.
$(TFTPD_HPA):
	rm -rf $@.new
	mkdir -p $@.new
	cd $@.new && apt-get download tftpd-hpa && dpkg-deb --extract tftpd-hpa_*.deb .
	mv $@.new $@

.PHONY: screenshots
screenshots: $(DEVELOPS)  ## Take the pictures in docs/ anew (needs chromium, chromium-driver, optipng)
	PYTHONPATH=tests $(BIN)/python -m support.screenshots docs

.PHONY: build
build: $(DEVELOPS)  ## Make the wheel and the source archive in dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

.PHONY: wheels
wheels: $(WHEELS)/.made  ## Fetch and build in WHEELS what is to be installed for PYTHON

$(WHEELS)/.made: pyproject.toml $(shell find daemon/filed -type f -not -name '*.pyc') | $(BIN)/python
	rm -rf $(WHEELS)
	$(BIN)/python -m pip --python $(INTERPRETER) wheel --quiet --wheel-dir $(WHEELS) .
	@touch $@

# Nothing of this checkout or of DESTDIR may be named in what is installed, so pip compiles nothing,
# and compileall is told the final paths.
# A path with a space would be two, and uninstall would remove both.
define refuse_odd_paths
@case '$(DESTDIR)$(PREFIX)$(SYSCONFDIR)$(BINDIR)$(LIBDIR)$(UNITDIR)$(SYSUSERSDIR)$(DATADIR)$(DOCDIR)' in \
	*[!A-Za-z0-9/._+~:@%,=-]*) echo 'make: a path to install to has a character that is not safe' \
		'here, such as a space: rename it' >&2; exit 1;; esac
endef

.PHONY: install
install: $(WHEELS)/.made | $(BIN)/python  ## Install for PYTHON below PREFIX, offline once there are wheels
	$(refuse_odd_paths)
	@case '$(INTERPRETER)' in /root/*|/home/*) \
		echo 'make: note that the user `filed` may not be able to run $(INTERPRETER)' >&2;; esac
	rm -rf $(DESTDIR)$(LIBDIR).new
	umask 022 && $(BIN)/python -m pip --python $(INTERPRETER) install --quiet --no-index \
		--find-links $(WHEELS) --no-compile --root-user-action=ignore \
		--target $(DESTDIR)$(LIBDIR).new filed
	rm -r $(DESTDIR)$(LIBDIR).new/bin
	umask 022 && $(INTERPRETER) -m compileall -q -s $(DESTDIR)$(LIBDIR).new -p $(LIBDIR) \
		$(DESTDIR)$(LIBDIR).new
	rm -rf $(DESTDIR)$(LIBDIR).old
	! test -e $(DESTDIR)$(LIBDIR) || mv $(DESTDIR)$(LIBDIR) $(DESTDIR)$(LIBDIR).old
	mv $(DESTDIR)$(LIBDIR).new $(DESTDIR)$(LIBDIR)
	rm -rf $(DESTDIR)$(LIBDIR).old
	$(call put,daemon/filed.in,$(BINDIR)/filed,755)
	$(call put,systemd/filed.service,$(UNITDIR)/filed.service,644)
	$(call put,systemd/filed.socket,$(UNITDIR)/filed.socket,644)
	$(call put,systemd/filed.sysusers,$(SYSUSERSDIR)/filed.conf,644)
	! cmp -s $(CONFIG) $(DESTDIR)$(DATADIR)/filed.toml || rm $(CONFIG)
	install -D -m 644 config/filed.toml $(DESTDIR)$(DATADIR)/filed.toml
	test -e $(CONFIG) || install -D -m 644 config/filed.toml $(CONFIG)
	for file in $(filter-out config/filed.toml,$(wildcard config/* config/*/*)); do \
		test -d $$file || install -D -m 644 $$file $(DESTDIR)$(DATADIR)/$${file#config/}; done
	for file in LICENSE README.md CHANGELOG.md docs/*.md docs/*.png; do \
		install -D -m 644 $$file $(DESTDIR)$(DOCDIR)/$$file; done

.PHONY: uninstall
uninstall:  ## Remove what was installed, but for a configuration that was edited
	$(refuse_odd_paths)
	! cmp -s $(CONFIG) $(DESTDIR)$(DATADIR)/filed.toml || rm $(CONFIG)
	! test -d $(dir $(CONFIG)) || rmdir --ignore-fail-on-non-empty $(dir $(CONFIG))
	rm -rf $(addprefix $(DESTDIR),$(LIBDIR) $(DATADIR) $(DOCDIR))
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/filed $(UNITDIR)/filed.service $(UNITDIR)/filed.socket \
		$(SYSUSERSDIR)/filed.conf)

# Install a file in which @NAMES@ stand for what is known here.
define put
sed -e 's#@INTERPRETER@#$(INTERPRETER)#' -e 's#@BINDIR@#$(BINDIR)#' -e 's#@LIBDIR@#$(LIBDIR)#' \
		-e 's#@DOCDIR@#$(DOCDIR)#' $(1) | install -D -m $(3) /dev/stdin $(DESTDIR)$(2)
endef

.PHONY: generate
generate: $(DEVELOPS)  ## Write config/filed.toml and the tables in docs/ anew from the sources
	$(BIN)/python -m filed.settings.generate
	$(BIN)/python -m filed.metrics.generate

.PHONY: format
format: $(DEVELOPS)  ## Put the sources into the one format
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

.PHONY: clean
clean:  ## Remove all that these targets have made
	rm -rf $(VENV) .cache dist build bench/results .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'filed needs Python 3.11 or later; none was found.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(SERVES): pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(DEVELOPS): pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(SERVES)
