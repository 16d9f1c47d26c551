#!/usr/bin/env bash
# The seeded faults that every build is held against; more of them on demand with run.sh.
exec bash "$(dirname "$0")/run.sh" --seed 1 --cases 250
