#!/bin/bash
set -euo pipefail
exec python -m jobs
