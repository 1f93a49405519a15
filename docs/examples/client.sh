#!/bin/sh
# Hand in {"invoices": […]} and look at the open ones: ZORGREKENING_KEY=… sh client.sh https://ADDRESS invoices.json
set -eu
root=$1/api/v1
# The key of the request is made of the file, so sending it twice acts once.
curl --silent --show-error --fail-with-body "$root/invoices" \
    --header "Authorization: Bearer $ZORGREKENING_KEY" \
    --header "Content-Type: application/json" \
    --header "Idempotency-Key: $(sha256sum "$2" | cut -c1-64)" \
    --data-binary "@$2"
echo
curl --silent --show-error --fail-with-body "$root/invoices?unsettled=true&limit=10" \
    --header "Authorization: Bearer $ZORGREKENING_KEY"
