#!/usr/bin/env bash
# Checks a grant without any library: bash, openssl, jq, curl, gzip.
#
#   check.sh ISSUER CA.pem TOKEN-FILE PEER.pem HOST PROTOCOL PORT
#
# ISSUER is the server's URL, CA.pem certifies it, PEER.pem is the certificate of the device on this connection, and
# HOST PROTOCOL PORT the flow that it opens (for icmp PORT is its type: 8, or of a HOST by name v4:8). Ends with 0 when the
# grant permits it, otherwise with 1 and a word of why. Needs no certificate of its own: keys and status lists are for everybody.
set -euo pipefail

[ $# -eq 7 ] || { echo "usage: check.sh ISSUER CA.pem TOKEN-FILE PEER.pem HOST PROTOCOL PORT" >&2; exit 2; }
issuer=$1 ca=$2 token=$(tr -d '\r\n' <"$3") peer=$4 host=$5 protocol=$6 port=$7
audience=${AUDIENCE:-urn:sallyport:enforcement-points}
skew=${SKEW:-30}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

no() { echo "no: $1" >&2; exit 1; }

# base64url, with or without padding, to octets
unbase64url() {
  local text
  text=$(tr -- '-_' '+/' | tr -d '=')
  while [ $((${#text} % 4)) -ne 0 ]; do text=$text=; done
  printf '%s' "$text" | openssl base64 -d -A
}

# octets to base64url
base64url() { openssl base64 -A | tr -- '+/' '-_' | tr -d '='; }

# DER INTEGER of 32 octets in hex: without leading zeros, and positive
integer() {
  local hex=$1
  while [ ${#hex} -gt 2 ] && [ "${hex:0:2}" = 00 ]; do hex=${hex:2}; done
  case $hex in [89a-f]*) hex=00$hex ;; esac
  printf '02%02x%s' $((${#hex} / 2)) "$hex"
}

# verify TOKEN TYPE: the signature of a compact JWS by one of the issuer's keys; its claims go to stdout
verify() {
  local jws=$1 type=$2 head kid key signature body
  [[ $jws =~ ^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$ ]] || no "not a token"
  head=$(cut -d. -f1 <<<"$jws" | unbase64url)
  [ "$(jq -r .alg <<<"$head")" = ES256 ] || no "not signed with ES256"
  [ "$(jq -r .typ <<<"$head")" = "$type" ] || no "not a token of type $type"
  [ "$(jq -r 'has("crit")' <<<"$head")" = false ] || no "an extension that is not known here"
  kid=$(jq -r .kid <<<"$head")
  key=$(jq -r --arg kid "$kid" '.keys[] | select(.kid == $kid and .crv == "P-256") | .x + " " + .y' "$work/keys")
  [ -n "$key" ] || no "not signed with a key of the issuer"
  # SubjectPublicKeyInfo of an uncompressed point on P-256 (RFC 5480)
  {
    printf '3059301306072a8648ce3d020106082a8648ce3d03010703420004'
    unbase64url <<<"${key% *}" | od -An -v -tx1 | tr -d ' \n'
    unbase64url <<<"${key#* }" | od -An -v -tx1 | tr -d ' \n'
  } | xxd -r -p | openssl pkey -pubin -inform DER -out "$work/key.pem"
  # R and S of 32 octets each (RFC 7518 3.4) as the DER that openssl reads
  signature=$(cut -d. -f3 <<<"$jws" | unbase64url | od -An -v -tx1 | tr -d ' \n')
  body=$(integer "${signature:0:64}")$(integer "${signature:64:64}")
  printf '30%02x%s' $((${#body} / 2)) "$body" | xxd -r -p >"$work/signature"
  printf '%s' "${jws%.*}" >"$work/signed"
  openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/signature" "$work/signed" >/dev/null 2>&1 ||
    no "the signature is not the issuer's"
  cut -d. -f2 <<<"$jws" | unbase64url
}

fetch() { curl -sS --fail --max-time 10 --max-filesize 262144 --cacert "$ca" "$@"; }

now=$(date +%s)
# 1. The issuer's keys; keep them for as long as Cache-Control says.
fetch "$issuer/oauth2/jwks" >"$work/keys" || no "the issuer's keys cannot be had"

# 2. Signed by the issuer, for those who enforce, and of now.
claims=$(verify "$token" at+jwt) || exit 1
jq -e --arg iss "$issuer" --arg aud "$audience" --argjson now "$now" --argjson skew "$skew" '
  .iss == $iss and ([.aud] | flatten | index($aud) != null)
  and (.nbf // 0) <= $now + $skew and .exp > $now' <<<"$claims" >/dev/null ||
  no "not for here, or not of now"

# 3. Bound to the certificate on this connection (RFC 8705 3.1). Who lets devices in must have checked that it has the key.
thumbprint=$(openssl x509 -in "$peer" -outform DER | openssl dgst -sha256 -binary | base64url)
[ "$(jq -r '.cnf["x5t#S256"]' <<<"$claims")" = "$thumbprint" ] || no "bound to another certificate"

# 4. The flow (RFC 9396): a name as it is written. Prefixes are for who can compare addresses; here they permit nothing.
jq -e --arg host "$host" --arg protocol "$protocol" --arg port "$port" '
  def version: if test("^v[46]:") then .[0:3] else "" end;
  def numbers: sub("^v[46]:"; "") | split("-") | map(tonumber);
  def within: tostring | version == ($port | version)
    and (numbers as $range | ($port | numbers[0]) as $one | $range[0] <= $one and $one <= $range[-1]);
  [.authorization_details[] | select(.type == "network_flow" and .protocol == $protocol
    and (.peer | ascii_downcase) == ($host | ascii_downcase)
    and (if $protocol == "icmp" then .icmp_types == null or (.icmp_types | any(within)) else ([.port // empty] + (.ports // [])) | any(within) end))]
  | length > 0' <<<"$claims" >/dev/null || no "the grant is not for this flow"

# 5. Not withdrawn (draft-ietf-oauth-status-list): one bit, 1 for invalid; keep the list for as long as its ttl says.
uri=$(jq -r '.status.status_list.uri // empty' <<<"$claims")
index=$(jq -r '.status.status_list.idx // empty' <<<"$claims")
[[ $uri == "$issuer"/oauth2/status/* && $index =~ ^[0-9]{1,9}$ ]] || no "it names no status list of the issuer"
jws=$(fetch -H 'Accept: application/statuslist+jwt' "$uri") || no "its status list cannot be had"
list=$(verify "$jws" statuslist+jwt) || exit 1
jq -e --arg uri "$uri" --argjson now "$now" '.sub == $uri and .exp > $now and .status_list.bits == 1' \
  <<<"$list" >/dev/null || no "its status list is another one, or too old"
# ZLIB is DEFLATE behind two octets; gzip reads it behind a head of its own, and misses only its own trailer.
octet=$( {
  printf '\037\213\010\0\0\0\0\0\0\003'
  jq -r .status_list.lst <<<"$list" | unbase64url | tail -c +3
} | gzip -dc 2>/dev/null | od -An -v -tu1 -j $((index / 8)) -N 1 | tr -d ' ' || true)
[ -n "$octet" ] || no "its status list is too short"
[ $((octet >> (index % 8) & 1)) -eq 0 ] || no "withdrawn"

echo "yes: until $(jq -r .exp <<<"$claims")"
