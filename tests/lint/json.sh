#!/bin/sh
# docs/JSON.md has the keys that the program writes, in their order.
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -n 's/^\t\t{"\([a-z_]*\)", .*/\1/p' setup/report_json.c >"$work/is"
[ -s "$work/is" ] || { echo 'json: no key found in setup/report_json.c'; exit 1; }
awk '/^## /{ inside = $0 == "## The end report" } inside' docs/JSON.md |
	sed -n 's/^| [^a-z]\([a-z_]*\)[^a-z] | .*/\1/p' >"$work/says"
diff -u --label 'what is' --label docs/JSON.md "$work/is" "$work/says"
