package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.jspecify.annotations.Nullable;

/** A client of a running server, over its network interfaces only. */
public final class Wire {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String devices;
  private final String people;
  private final String status;
  private final String token;
  private final X509Certificate root;

  public Wire(String devices, String people, String status, String token, X509Certificate root) {
    this.devices = devices;
    this.people = people;
    this.status = status;
    this.token = token;
    this.root = root;
  }

  /** The server that wrote {@code data}: its addresses are in server.json. */
  public static Wire of(Path data, String token) {
    try {
      JsonNode server = JSON.readTree(data.resolve("server.json").toFile());
      X509Certificate root = (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(
              new ByteArrayInputStream(Files.readAllBytes(data.resolve("root.pem"))));
      return new Wire(
          server.get("devices").asText(),
          server.get("people").asText(),
          server.get("status").asText(),
          token,
          root);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public String devices() {
    return devices;
  }

  public String people() {
    return people;
  }

  public String status() {
    return status;
  }

  public X509Certificate root() {
    return root;
  }

  /** An HTTP client that trusts the server's root and shows {@code identity}, or nothing. */
  public HttpClient client(@Nullable Identity identity) {
    return HttpClient.newBuilder()
        .sslContext(tls(identity))
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(PATIENCE)
        .build();
  }

  public SSLContext tls(@Nullable Identity identity) {
    try {
      KeyStore trust = KeyStore.getInstance("PKCS12");
      trust.load(null, null);
      trust.setCertificateEntry("root", root);
      TrustManagerFactory trusted =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trusted.init(trust);
      KeyManagerFactory shown =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      if (identity != null && identity.keys().getPrivate().getEncoded() == null) {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
            new KeyManager[] {new HeldElsewhere(identity)}, trusted.getTrustManagers(), null);
        return context;
      }
      if (identity != null) {
        own.setKeyEntry(
            "own",
            identity.keys().getPrivate(),
            new char[0],
            identity.chain().toArray(X509Certificate[]::new));
      }
      shown.init(own, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(shown.getKeyManagers(), trusted.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Shows a certificate whose key cannot be put into a key store, as one that a TPM holds. */
  private static final class HeldElsewhere extends X509ExtendedKeyManager {
    private final Identity identity;

    HeldElsewhere(Identity identity) {
      this.identity = identity;
    }

    @Override
    public String chooseEngineClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return "own";
    }

    @Override
    public String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return "own";
    }

    @Override
    public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {"own"};
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return identity.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return identity.keys().getPrivate();
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }
  }

  /** Sends one request on a connection of its own. */
  public HttpResponse<byte[]> send(@Nullable Identity identity, HttpRequest request) {
    try (HttpClient client = client(identity)) {
      return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** {@code path} on the front for devices. */
  public HttpRequest.Builder device(String path) {
    return HttpRequest.newBuilder(URI.create(devices + path)).timeout(PATIENCE);
  }

  /** {@code path} on the front for people, as the administrator. */
  public HttpRequest.Builder person(String path) {
    return HttpRequest.newBuilder(URI.create(people + path))
        .timeout(PATIENCE)
        .header("Authorization", "Bearer " + token);
  }

  /** A JSON request to the front for people that must succeed. */
  public JsonNode admin(String method, String path, @Nullable Object body) {
    try {
      HttpResponse<byte[]> response = send(
          null,
          person(path)
              .header("Content-Type", "application/json")
              .method(
                  method,
                  body == null
                      ? HttpRequest.BodyPublishers.noBody()
                      : HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
              .build());
      if (response.statusCode() >= 300) {
        throw new AssertionError(method + " " + path + " gave " + response.statusCode() + ": "
            + new String(response.body(), StandardCharsets.UTF_8));
      }
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The newest signed checkpoint, once there is one: as an auditor keeps it outside the server. */
  public String latestCheckpoint() {
    String path = "/api/v1/audit/checkpoints/latest";
    Eventually.holds(
        PATIENCE,
        "the log has a checkpoint",
        () -> send(null, person(path).build()).statusCode() == 200);
    return admin("GET", path, null).get("note").asText();
  }

  /** Applies a YAML document under {@code path}. */
  public JsonNode document(String path, String yaml) {
    try {
      HttpResponse<byte[]> response = send(
          null,
          person(path)
              .header("Content-Type", "application/yaml")
              .PUT(HttpRequest.BodyPublishers.ofString(yaml))
              .build());
      if (response.statusCode() >= 300) {
        throw new AssertionError("PUT " + path + " gave " + response.statusCode() + ": "
            + new String(response.body(), StandardCharsets.UTF_8));
      }
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void register(Manufacturer manufacturer) {
    admin(
        "POST",
        "/api/v1/manufacturers",
        Map.of("name", manufacturer.name(), "anchors", List.of(manufacturer.pem())));
  }

  /** Registers a device and answers its id. */
  public String register(Manufacturer manufacturer, String serialNumber, String profile) {
    return admin(
            "POST",
            "/api/v1/devices",
            Map.of(
                "manufacturer",
                manufacturer.name(),
                "model",
                "C1",
                "serial_number",
                serialNumber,
                "profile",
                profile,
                "owner",
                "operations",
                "site",
                "plant-1",
                "labels",
                Map.of()))
        .get("id")
        .asText();
  }

  /** {@code simpleenroll} or {@code simplereenroll}, with a token or without. */
  public HttpResponse<byte[]> est(
      String operation,
      @Nullable Identity identity,
      @Nullable String enrollmentToken,
      byte[] request) {
    HttpRequest.Builder builder =
        device("/.well-known/est/" + operation).header("Content-Type", "application/pkcs10");
    if (enrollmentToken != null) {
      builder.header(
          "Authorization",
          "Basic "
              + Base64.getEncoder()
                  .encodeToString(("device:" + enrollmentToken).getBytes(StandardCharsets.UTF_8)));
    }
    return send(
        identity,
        builder
            .POST(HttpRequest.BodyPublishers.ofByteArray(Base64.getEncoder().encode(request)))
            .build());
  }

  /** Enrolls with an IDevID and answers the device's identity; fails unless the server said 200. */
  public Identity enroll(Identity idevid, KeyPair keys, String serialNumber) {
    HttpResponse<byte[]> response =
        est("simpleenroll", idevid, null, TestPki.request(keys, "CN=" + serialNumber, null));
    if (response.statusCode() != 200) {
      throw new AssertionError("simpleenroll gave " + response.statusCode() + ": "
          + new String(response.body(), StandardCharsets.UTF_8));
    }
    return new Identity(keys, certificates(response.body()));
  }

  /** The certificates in a certs-only answer. */
  public static List<X509Certificate> certificates(byte[] base64) {
    try {
      CMSSignedData data = new CMSSignedData(Base64.getMimeDecoder().decode(base64));
      List<X509Certificate> certificates = new ArrayList<>();
      for (X509CertificateHolder holder : data.getCertificates().getMatches(null)) {
        certificates.add((X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(holder.getEncoded())));
      }
      return certificates;
    } catch (Exception e) {
      throw new AssertionError("not a certs-only CMS", e);
    }
  }
}
