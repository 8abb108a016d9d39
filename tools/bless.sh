#!/bin/sh
# bless.sh BUILD - prints the generated pages and golden files anew. The catalogue's list of ids only grows.
set -eu
emsctl=$1/src/app/emsctl
"$emsctl" variables --csv >docs/generated/variables.csv
"$emsctl" settings manual >docs/generated/settings.md
python3 tests/golden/catalogue_test.py --append "$emsctl"
