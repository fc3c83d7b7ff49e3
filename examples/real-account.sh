#!/usr/bin/env bash
# What only a real AWS account can prove of the serverless shape, asked of one.
#
#   examples/real-account.sh us-west-2
#
# It deploys a stack of its own (upwell-check, log group /upwell/check), sends a few small events, changes the stack, removes it, deploys
# and removes it once more, and deletes what stays. It needs the AWS CLI, curl and credentials that may deploy. It costs some cents; a
# person needs five minutes, new keys and CloudFormation take some more of their own. Traces are asked for only where Transaction
# Search is on already. Nothing else in the account is touched.
#
# Every line is an answer to keep: `as assumed`, or `OTHERWISE` with what was seen. Exit code 1 if anything was otherwise.

set -euo pipefail

REGION=${1:?usage: $0 REGION}
PYTHON=${PYTHON:-.venv/bin/python}
STACK=upwell-check
GROUP=/upwell/check
WORK=$(mktemp -d)
OTHERWISE=0

export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION AWS_PAGER=

upwell() { "$PYTHON" -m upwell "$@" --config "$WORK/upwell.toml"; }

# settings [LINE ...]: what the stack is to be; no other settings file is read
settings() {
  printf '%s\n' '[serverless]' "stack = '$STACK'" "region = '$REGION'" "log_group = '$GROUP'" 'retention_days = 1' "$@" >"$WORK/upwell.toml"
}

# shellcheck disable=SC2329 # the trap calls it
finish() {
  code=$?
  upwell destroy --yes >/dev/null 2>&1 || true
  aws logs delete-log-group --log-group-name "$GROUP" 2>/dev/null || true
  for name in $(aws ssm get-parameters-by-path --path "/upwell/$STACK/keys" --query 'Parameters[].Name' --output text 2>/dev/null); do
    aws ssm delete-parameter --name "$name" || true
  done
  rm -rf "$WORK"
  exit "$code"
}
trap finish EXIT

# say QUESTION ASSUMED SEEN
say() {
  if [[ $3 == "$2" ]]; then
    printf 'as assumed  %s: %s\n' "$1" "$3"
  else
    printf 'OTHERWISE   %s: assumed %s, seen %s\n' "$1" "$2" "$3"
    OTHERWISE=1
  fi
}

# note QUESTION SEEN: nothing was assumed, the answer is worth writing down
note() { printf 'seen        %s: %s\n' "$1" "$2"; }

# post PATH TYPE FILE [curl options]: the status; headers and body stay in $WORK
post() {
  local path=$1 type=$2 file=$3
  shift 3
  curl --silent --output "$WORK/body" --dump-header "$WORK/headers" --write-out '%{http_code}' --max-time 40 \
    --header "x-api-key: $KEY" --header "content-type: $type" --data-binary "@$file" "$@" "$ENDPOINT$path" || true
}

header() { tr -d '\r' <"$WORK/headers" | tr '[:upper:]' '[:lower:]' | sed -n "s/^$1: //p" | head -n 1; }
marked() { "$PYTHON" -m upwell.testing.marked "$@" 2>/dev/null; }
media_types() { aws apigateway get-rest-api --rest-api-id "$API" --query 'binaryMediaTypes' --output text; }

# deploy: make or change the stack, prove it, and learn endpoint, key and API
deploy() {
  upwell deploy --yes --json --show-keys >"$WORK/deployed" || say "deploy proves each signal" yes no
  ENDPOINT=$(deployed endpoint)
  KEY=$(deployed key key)
  KEY_ID=$(deployed key id)
  SIGNALS=$(deployed signals)
  API=${ENDPOINT#https://}
  API=${API%%.*}
}

# deployed NAME ...: a value of what deploy printed; a list as words
deployed() {
  "$PYTHON" - "$WORK/deployed" "$@" <<'END'
import functools, json, sys
found = functools.reduce(lambda document, name: document[name], sys.argv[2:], json.load(open(sys.argv[1])))
print(" ".join(found) if isinstance(found, list) else found)
END
}

bodies() {
  local signal
  for signal in $SIGNALS; do
    marked "$signal" json >"$WORK/$signal.json"
    marked "$signal" protobuf >"$WORK/$signal.pb"
    gzip --keep --force "$WORK/$signal.json" "$WORK/$signal.pb"
  done
}

# every_encoding WHEN: all signals, both encodings, plain and gzip
every_encoding() {
  local signal
  bodies
  for signal in $SIGNALS; do
    say "$1: $signal, JSON" 200 "$(post "/v1/$signal" application/json "$WORK/$signal.json")"
    say "$1: $signal, JSON, gzip" 200 "$(post "/v1/$signal" application/json "$WORK/$signal.json.gz" --header 'content-encoding: gzip')"
    say "$1: $signal, protobuf" 200 "$(post "/v1/$signal" application/x-protobuf "$WORK/$signal.pb")"
    say "$1: $signal, protobuf, gzip" 200 \
      "$(post "/v1/$signal" application/x-protobuf "$WORK/$signal.pb.gz" --header 'content-encoding: gzip' --header 'accept: application/x-protobuf')"
    say "$1: $signal, type of the answer to protobuf" application/x-protobuf "$(header content-type)"
  done
}

echo "# 1. create: trust policy, role, streams, */* and a new key; deploy itself proves an event of each signal"
settings
deploy
say "create: binary media types" '*/*' "$(media_types)"
every_encoding create

echo "# 2. answers"
say "a wrong key" 403 "$(KEY=nobody post /v1/logs application/json "$WORK/logs.json")"
say "an unknown path" 404 "$(post /v1/nothing application/json "$WORK/logs.json")"
printf '{"resourceLogs":' >"$WORK/broken"
say "a broken body" 400 "$(post /v1/logs application/json "$WORK/broken")"
note "the body of that 400" "$(header content-type) $(head -c 200 "$WORK/body")"
head -c 11000000 /dev/zero >"$WORK/large"
gzip --keep "$WORK/large"
say "11 MB plain" 413 "$(post /v1/logs application/json "$WORK/large")"
note "11 MB inside 11 KB of gzip" "$(post /v1/logs application/json "$WORK/large.gz" --header 'content-encoding: gzip')"
aws logs delete-log-stream --log-group-name "$GROUP" --log-stream-name "$KEY_ID"
note "a log stream that is missing" "$(post /v1/logs application/json "$WORK/logs.json") $(head -c 200 "$WORK/body")"
aws logs create-log-stream --log-group-name "$GROUP" --log-stream-name "$KEY_ID"

echo "# 3. update: the API itself changes, its media types must not; and a rate low enough to be met"
ANYWHERE='allow_cidrs = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]'
settings "$ANYWHERE"
deploy
say "update: binary media types" '*/*' "$(media_types)"
every_encoding update
settings "$ANYWHERE" 'rate = 1' 'burst = 1'
upwell deploy --yes --no-probe >/dev/null
throttled=none
for _ in $(seq 120); do
  if [[ $(post /v1/logs application/json "$WORK/logs.json") == 429 ]]; then
    throttled=$(header retry-after)
    break
  fi
done
say "Retry-After of a throttled request" 5 "$throttled"
settings

echo "# 4. destroy and deploy: the group stays with its streams, and is imported"
before=$(aws logs describe-log-streams --log-group-name "$GROUP" --query 'length(logStreams)' --output text)
upwell destroy --yes
say "streams after destroy" "$before" "$(aws logs describe-log-streams --log-group-name "$GROUP" --query 'length(logStreams)' --output text)"
deploy
say "streams after deploying again" "$((before + 1))" \
  "$(aws logs describe-log-streams --log-group-name "$GROUP" --query 'length(logStreams)' --output text)"
every_encoding again

exit "$OTHERWISE"
