package io.sallyport.pki;

import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.operator.ContentSigner;

/** Lets Bouncy Castle's builders sign with a key that stays in {@code keys}. For one signature. */
final class KeySigner implements ContentSigner {
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private final Keys keys;
  private final KeyHandle key;

  KeySigner(Keys keys, KeyHandle key) {
    this.keys = keys;
    this.key = key;
  }

  @Override
  public AlgorithmIdentifier getAlgorithmIdentifier() {
    return TbsCertificates.algorithm(key.algorithm());
  }

  @Override
  public OutputStream getOutputStream() {
    return data;
  }

  @Override
  public byte[] getSignature() {
    return keys.sign(key.id(), data.toByteArray());
  }
}
