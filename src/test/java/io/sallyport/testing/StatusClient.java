package io.sallyport.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;

/** Asks for certificate status as any relying party does: OCSP (RFC 6960) and CRL (RFC 5280). */
public final class StatusClient {
  public static final ASN1ObjectIdentifier SHA_1 = OIWObjectIdentifiers.idSHA1;
  public static final ASN1ObjectIdentifier SHA_256 = NISTObjectIdentifiers.id_sha256;

  private static final int SHARDS = 64;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Wire wire;

  public StatusClient(Wire wire) {
    this.wire = wire;
  }

  public HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(wire.status() + path))
        .timeout(PATIENCE)
        .method(
            method,
            body.length == 0
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofByteArray(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return wire.send(null, request.build());
  }

  public HttpResponse<byte[]> get(String path, String... headers) {
    return send("GET", path, new byte[0], headers);
  }

  public X509Certificate authority(String name) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(
              new ByteArrayInputStream(get("/ca/" + name + ".cer").body()));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** An OCSP request for serials of one issuer. */
  public static byte[] request(
      ASN1ObjectIdentifier hash,
      X509Certificate issuer,
      byte @Nullable [] nonce,
      BigInteger... serials) {
    try {
      OCSPReqBuilder builder = new OCSPReqBuilder();
      for (BigInteger serial : serials) {
        builder.addRequest(id(hash, issuer, serial));
      }
      if (nonce != null) {
        builder.setRequestExtensions(new Extensions(new Extension(
            OCSPObjectIdentifiers.id_pkix_ocsp_nonce,
            false,
            new DEROctetString(nonce).getEncoded())));
      }
      return builder.build().getEncoded();
    } catch (IOException | OCSPException e) {
      throw new IllegalStateException(e);
    }
  }

  public static CertificateID id(
      ASN1ObjectIdentifier hash, X509Certificate issuer, BigInteger serial) {
    try {
      return new CertificateID(
          new JcaDigestCalculatorProviderBuilder().build().get(new AlgorithmIdentifier(hash)),
          new X509CertificateHolder(issuer.getEncoded()),
          serial);
    } catch (OCSPException | OperatorCreationException | IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public OCSPResp post(byte[] request) {
    HttpResponse<byte[]> response =
        send("POST", "/ocsp", request, "Content-Type", "application/ocsp-request");
    if (response.statusCode() != 200) {
      throw new AssertionError("/ocsp gave " + response.statusCode());
    }
    return read(response.body());
  }

  public static OCSPResp read(byte[] answer) {
    try {
      return new OCSPResp(answer);
    } catch (IOException e) {
      throw new AssertionError("not an OCSP answer", e);
    }
  }

  public static BasicOCSPResp basic(OCSPResp answer) {
    try {
      if (answer.getStatus() != OCSPResp.SUCCESSFUL) {
        throw new AssertionError("OCSP status " + answer.getStatus());
      }
      return (BasicOCSPResp) answer.getResponseObject();
    } catch (OCSPException e) {
      throw new AssertionError("not a basic OCSP answer", e);
    }
  }

  /** The status of one serial of the authority for devices. */
  public SingleResp device(BigInteger serial) {
    return basic(post(request(SHA_1, authority("devices"), null, serial))).getResponses()[0];
  }

  /** The path of the list that a serial of an authority stands in once it is revoked, with the usual number of shards. */
  public static String list(String authority, BigInteger serial) {
    return "/crl/" + authority + "/" + shard(authority, serial) + ".crl";
  }

  public static int shard(String authority, BigInteger serial) {
    return authority.equals("root") ? 0 : serial.mod(BigInteger.valueOf(SHARDS)).intValue();
  }

  public X509CRL crl(String authority, BigInteger serial) {
    return crlAt(list(authority, serial));
  }

  public X509CRL crlAt(String path) {
    try {
      return (X509CRL) CertificateFactory.getInstance("X.509")
          .generateCRL(new ByteArrayInputStream(get(path).body()));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(path, e);
    }
  }

  /** The list once it is as wanted; lists follow a revocation within moments. */
  public X509CRL crlAt(String path, Predicate<X509CRL> wanted) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    X509CRL crl = crlAt(path);
    while (!wanted.test(crl)) {
      if (System.nanoTime() > end) {
        throw new AssertionError("the list stayed as it was: " + crl);
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
      crl = crlAt(path);
    }
    return crl;
  }

  public X509CRL crlWith(String authority, BigInteger serial) {
    return crlAt(list(authority, serial), crl -> crl.getRevokedCertificate(serial) != null);
  }
}
