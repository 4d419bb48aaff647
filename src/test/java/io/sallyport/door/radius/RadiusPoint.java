package io.sallyport.door.radius;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;

/** A registered point of kind radius that speaks as {@code rlm_rest} does. */
record RadiusPoint(Plant plant, String name, Identity identity, List<X509Certificate> chain) {
  static final String SECRET = "a-secret-of-the-switches-0123456789";

  private static final ObjectMapper JSON = new ObjectMapper();

  static RadiusPoint register(Plant plant, String name, Map<String, Object> settings) {
    KeyPair keys = TestPki.key();
    var admitted = plant
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name", name,
                "kind", "radius",
                "settings", settings,
                "secret", SECRET,
                "csr",
                    TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null))))
        .expect(201)
        .json();
    List<X509Certificate> chain = new java.util.ArrayList<>();
    admitted.get("chain").forEach(one -> chain.add(Plant.certificate(one.asText())));
    X509Certificate own = Plant.certificate(admitted.get("certificate").asText());
    return new RadiusPoint(plant, name, new Identity(keys, List.of(own)), List.copyOf(chain));
  }

  Answer authorize(Map<String, ?> attributes) {
    return post("/radius/authorize", attributes);
  }

  Answer accounting(Map<String, ?> attributes) {
    return post("/radius/accounting", attributes);
  }

  Answer post(String path, Map<String, ?> attributes) {
    return plant.post(
        identity, path, "application/json", BodyPublishers.ofString(json(attributes)));
  }

  /** As {@code rlm_rest} writes it. */
  static String json(Map<String, ?> attributes) {
    Map<String, Object> body = new LinkedHashMap<>();
    attributes.forEach((name, value) -> body.put(
        name,
        Map.of(
            "type", value instanceof Integer ? "integer" : "string",
            "value", value instanceof List<?> several ? several : List.of(value))));
    try {
      return JSON.writeValueAsString(body);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What FreeRADIUS tells when a device has proven {@code certificate}. */
  static Map<String, Object> question(X509Certificate certificate, String station) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("User-Name", "anybody");
    attributes.put("NAS-IP-Address", "192.0.2.7");
    attributes.put("NAS-Port", 7);
    attributes.put("Calling-Station-Id", station);
    attributes.put("TLS-Client-Cert-Serial", serial(certificate));
    attributes.put("TLS-Client-Cert-X509v3-Authority-Key-Identifier", authority(certificate));
    attributes.put("TLS-Client-Cert-Common-Name", "whoever");
    return attributes;
  }

  static Map<String, Object> accounting(String status, String session, String station) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("Acct-Status-Type", status);
    attributes.put("Acct-Session-Id", session);
    attributes.put("NAS-IP-Address", "192.0.2.7");
    attributes.put("Calling-Station-Id", station);
    return attributes;
  }

  /** Class as FreeRADIUS hands it back. */
  static String octets(String text) {
    return "0x" + HexFormat.of().formatHex(text.getBytes(StandardCharsets.US_ASCII));
  }

  static String serial(X509Certificate certificate) {
    return HexFormat.of().formatHex(certificate.getSerialNumber().toByteArray());
  }

  static String authority(X509Certificate certificate) {
    byte[] extension =
        ASN1OctetString.getInstance(certificate.getExtensionValue("2.5.29.35")).getOctets();
    return HexFormat.ofDelimiter(":")
        .withUpperCase()
        .formatHex(AuthorityKeyIdentifier.getInstance(extension).getKeyIdentifierOctets());
  }

  /** The only value of a reply attribute, or an empty string. */
  static String reply(Answer answer, String attribute) {
    return answer.json().at("/reply:" + attribute + "/value/0").asText();
  }
}
