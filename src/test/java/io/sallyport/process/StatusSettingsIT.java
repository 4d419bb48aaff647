package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Der;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other addresses and another number of shards, while certificates of before are out (RFC 5280 §6.3.3). */
class StatusSettingsIT {
  private static final int CERTIFICATES = 6;

  @TempDir
  Path folder;

  private final Manufacturer maker = TestPki.manufacturer("Status Settings");
  private final List<X509Certificate> issued = new ArrayList<>();
  private final Set<BigInteger> revoked = new HashSet<>();
  private int units;

  /** A life of the server with these settings. */
  private ServerProcess start(String address, int shards) {
    return ServerProcess.start(
        folder.resolve("data"),
        Map.of(
            "SALLYPORT_STATUS_URL",
            address,
            "SALLYPORT_STATUS_CRL_SHARDS",
            String.valueOf(shards)));
  }

  @Test
  void everyCertificateStaysInTheListThatItNames() throws Exception {
    Peers.need("openssl");
    Set<String> addresses = new HashSet<>();
    boolean first = true;
    for (Object[] settings : new Object[][] {
      {"http://one.plant.example", 3},
      {"http://one.plant.example", 7},
      {"http://two.plant.example:8080", 7},
      {"http://one.plant.example", 2}
    }) {
      String address = (String) settings[0];
      int shards = (int) settings[1];
      addresses.add(address);
      try (ServerProcess server = start(address, shards)) {
        Wire wire = server.wire();
        if (first) {
          first = false;
          wire.register(maker);
          wire.document("/api/v1/profiles/status-settings", """
              apiVersion: sallyport.io/v1
              kind: DeviceProfile
              metadata: {name: status-settings}
              """);
        }
        for (int i = 0; i < CERTIFICATES; i++) {
          X509Certificate certificate = enroll(wire);
          assertTrue(list(certificate).startsWith(address + "/crl/devices/"), list(certificate));
          assertTrue(shard(certificate) < shards, list(certificate));
          assertEquals(address + "/ocsp", ocsp(certificate));
          issued.add(certificate);
        }
        // One of this life and one of each before it.
        for (int i = 0; i < issued.size(); i += CERTIFICATES) {
          X509Certificate next = issued.subList(i, i + CERTIFICATES).stream()
              .filter(one -> !revoked.contains(one.getSerialNumber()))
              .findFirst()
              .orElseThrow();
          wire.admin(
              "POST",
              "/api/v1/certificates/devices/" + next.getSerialNumber().toString(16) + "/revoke",
              Map.of("reason", "superseded"));
          revoked.add(next.getSerialNumber());
        }
        assertAllStand(new StatusClient(wire), addresses);
      }
    }
  }

  private X509Certificate enroll(Wire wire) {
    String number = "SETTINGS-" + units++;
    wire.register(maker, number, "status-settings");
    return wire.enroll(maker.idevid(number), TestPki.key(), number).certificate();
  }

  private void assertAllStand(StatusClient status, Set<String> addresses) throws Exception {
    X509Certificate issuer = status.authority("devices");
    Files.writeString(folder.resolve("root.pem"), TestPki.pem(status.authority("root")));
    Files.writeString(folder.resolve("issuer.pem"), TestPki.pem(issuer));
    for (X509Certificate certificate : issued) {
      BigInteger serial = certificate.getSerialNumber();
      boolean ended = revoked.contains(serial);
      X509CRL list = status.crlAt(
          URI.create(list(certificate)).getPath(),
          crl -> names(crl).containsAll(addresses)
              && (crl.getRevokedCertificate(serial) != null) == ended);
      Files.writeString(folder.resolve("list.pem"), Der.of(list.getEncoded()).pem("X509 CRL"));
      Files.writeString(folder.resolve("leaf.pem"), TestPki.pem(certificate));
      Said said = Peers.run(
          folder,
          "openssl",
          "verify",
          "-x509_strict",
          "-crl_check",
          "-CRLfile",
          "list.pem",
          "-CAfile",
          "root.pem",
          "-untrusted",
          "issuer.pem",
          "leaf.pem");
      if (ended) {
        assertNotEquals(0, said.code(), said.output());
        assertTrue(said.output().contains("certificate revoked"), said.output());
      } else {
        said.orFail();
      }
      Object told = told(status, issuer, certificate);
      if (ended) {
        assertTrue(told instanceof RevokedStatus, () -> certificate + " is told " + told);
      } else {
        assertNull(told, () -> certificate + " is told not to be good");
      }
    }
  }

  /** The status by the path of the address in the certificate. */
  private static @Nullable Object told(
      StatusClient status, X509Certificate issuer, X509Certificate certificate) {
    byte[] request =
        StatusClient.request(StatusClient.SHA_1, issuer, null, certificate.getSerialNumber());
    HttpResponse<byte[]> answer = Patience.until("an answer about " + certificate, () -> {
      HttpResponse<byte[]> response = status.get(URI.create(ocsp(certificate)).getPath() + "/"
          + Base64.getEncoder().encodeToString(request).replace("/", "%2F").replace("+", "%2B"));
      return response.statusCode() == 200 ? Optional.of(response) : Optional.empty();
    });
    return StatusClient.basic(StatusClient.read(answer.body()))
        .getResponses()[0]
        .getCertStatus();
  }

  private static int shard(X509Certificate certificate) {
    String path = list(certificate);
    return Integer.parseInt(path.substring(path.lastIndexOf('/') + 1).replace(".crl", ""));
  }

  private static String list(X509Certificate certificate) {
    return GeneralNames.getInstance(CRLDistPoint.getInstance(
                extension(certificate.getExtensionValue(Extension.cRLDistributionPoints.getId())))
            .getDistributionPoints()[0]
            .getDistributionPoint()
            .getName())
        .getNames()[0]
        .getName()
        .toString();
  }

  private static String ocsp(X509Certificate certificate) {
    return Stream.of(AuthorityInformationAccess.getInstance(
                extension(certificate.getExtensionValue(Extension.authorityInfoAccess.getId())))
            .getAccessDescriptions())
        .filter(access -> access.getAccessMethod().equals(AccessDescription.id_ad_ocsp))
        .map(access -> access.getAccessLocation().getName().toString())
        .findFirst()
        .orElseThrow();
  }

  /** The addresses that a list says it is to be had under. */
  private static Set<String> names(X509CRL crl) {
    try {
      Set<String> addresses = new HashSet<>();
      for (var name : GeneralNames.getInstance(IssuingDistributionPoint.getInstance(
                  extension(crl.getExtensionValue(Extension.issuingDistributionPoint.getId())))
              .getDistributionPoint()
              .getName())
          .getNames()) {
        String url = name.getName().toString();
        addresses.add(url.substring(0, url.indexOf("/crl/")));
      }
      return addresses;
    } catch (RuntimeException e) {
      throw new AssertionError("a list without a distribution point", e);
    }
  }

  private static byte[] extension(byte[] value) {
    return ASN1OctetString.getInstance(value).getOctets();
  }
}
