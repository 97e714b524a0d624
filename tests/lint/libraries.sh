#!/bin/sh
# A start of ctr-setup loads no library that only ctr-seccomp or a report has a use for.
set -eu

! readelf -dW "$2/ctr-setup" | grep -E 'NEEDED.*(jansson|seccomp)'
