# Every target is one script; they can be called without make as well.

PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: help build demo test lint bench soak install uninstall

help:
	@echo 'make demo       install what is missing, build, break a real stack and mend it with a runbook'
	@echo 'make test       install what is missing, run every test against real services'
	@echo 'make build      the release build: .build/release/runbook'
	@echo 'make lint       format and script checks'
	@echo 'make bench      measure: start, check, steps, throughput, the log'
	@echo 'make soak       the long tests: every byte of a log changed, long logs against a second verifier, 1,000 kills'
	@echo 'make install    the program and its shell completions below PREFIX=$(PREFIX)'
	@echo 'make uninstall  take them away again'

build:
	@.ci/build

demo:
	@demo/tour

test:
	@Tests/run
	@Tests/Demo/run

lint:
	@.ci/lint

bench: build
	@Benchmarks/run
	@Benchmarks/audit

soak: build
	@Tests/soak

install: build
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' .ci/install

uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' .ci/install --remove
