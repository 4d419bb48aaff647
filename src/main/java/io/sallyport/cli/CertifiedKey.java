package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Der;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;

/** Registers somebody with a key that is made here and stays here. */
final class CertifiedKey {
  private CertifiedKey() {}

  /**
   * Asks at {@code path} with a request by the key of {@code folder}, and keeps there what came back.
   *
   * @param wanted all but the request; its {@code name} is the request's subject
   */
  static JsonNode register(
      ApiClient api,
      String path,
      ObjectNode wanted,
      DeviceFolder folder,
      List<X509Certificate> roots) {
    KeyPair pair = folder.key();
    Der request = Requests.forSubject(
        pair,
        new X500NameBuilder().addRDN(BCStyle.CN, wanted.path("name").asText()).build());
    JsonNode added = api.post(path, wanted.put("csr", request.pem("CERTIFICATE REQUEST")));
    StringBuilder chain = new StringBuilder();
    added
        .path("chain")
        .forEach(certificate -> chain.append(certificate.asText()).append('\n'));
    try {
      X509Certificate leaf = certificates(added.path("certificate").asText()).getFirst();
      if (!leaf.getPublicKey().equals(pair.getPublic())) {
        throw new Failure(ExitCode.REFUSED, "The server sent a certificate for another key.");
      }
      List<X509Certificate> issuers = chain.isEmpty() ? List.of() : certificates(chain.toString());
      folder.store(EstClient.chain(leaf, issuers, roots));
    } catch (CertificateException e) {
      throw new Failure(ExitCode.REFUSED, "The server sent a certificate that cannot be read.");
    }
    return added;
  }

  private static List<X509Certificate> certificates(String pem) throws CertificateException {
    return Pem.certificates(pem.getBytes(StandardCharsets.US_ASCII));
  }
}
