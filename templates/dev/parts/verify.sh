# ID, TIMESTAMP and SIGNATURE are the headers webhook-id, webhook-timestamp and
# webhook-signature; body.json is the body exactly as it came.
KEY=$(printf %s "${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
PROOF="v1,$({ printf '%s.%s.' "$ID" "$TIMESTAMP"; cat body.json; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64)"
case " $SIGNATURE " in
  *" $PROOF "*) echo verified ;;
  *) echo "not verified"; exit 1 ;;
esac
