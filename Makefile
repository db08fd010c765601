# Everything that a person does with the project starts here; `make` alone lists it.
.PHONY: help setup setup-run run test nightly check bench shots tablet docs clean
.DEFAULT_GOAL := help

PYTHON ?= python3
export PYTHON
VENV := .venv/bin/python

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup:  ## system packages, .venv, web assets, fonts, words: all that tests and checks need
	@sh setup/system.sh test
	@sh setup/packages.sh test
	@$(VENV) setup/assets.py

setup-run:
	@sh setup/system.sh run
	@sh setup/packages.sh run
	@$(VENV) setup/assets.py

run: setup-run  ## database, server and tasks, one incident through the whole chain; then stays up
	@exec $(VENV) -m server.run

test: setup  ## the whole suite, with real PostGIS, Chromium and tablet window
	@exec $(VENV) -m pytest -n 3

nightly: setup  ## 500 long stories of tablets that die, servers that fall and wires that lie
	@exec $(VENV) -m pytest -n 2 tests/properties/sync_night.py

check: setup  ## style, types, arrows between rooms, schema, translations, packages
	@sh setup/check.sh

bench: setup  ## the performance table: figure, floor of the same run, ratio
	@exec $(VENV) -m bench

shots: setup  ## pictures of every screen and page in both languages, into build/shots/
	@exec $(VENV) -m bench.shots

tablet: setup  ## the tablet in a desktop window
	@exec $(VENV) -m mobile

docs: setup  ## pictures and tables of the documents that are made from the code
	@exec $(VENV) -m docs

clean:  ## takes away what setup made; keeps the data
	rm -rf .venv node_modules build server/console/static/vendor mobile/assets/*.ttf
