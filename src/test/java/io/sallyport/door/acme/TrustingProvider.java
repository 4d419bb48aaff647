package io.sallyport.door.acme;

import io.sallyport.testing.Wire;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.provider.AbstractAcmeProvider;
import org.shredzone.acme4j.toolbox.JSON;

/** acme4j against a server whose root is not the machine's, with device-attest-01. */
final class TrustingProvider extends AbstractAcmeProvider {
  private final Wire wire;

  TrustingProvider(Wire wire) {
    this.wire = wire;
  }

  @Override
  public boolean accepts(URI server) {
    return true;
  }

  @Override
  public URL resolve(URI server) {
    try {
      return server.toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @Override
  public HttpClient createHttpClient(NetworkSettings settings) {
    return HttpClient.newBuilder()
        .sslContext(wire.tls(null))
        .connectTimeout(settings.getTimeout())
        .build();
  }

  @Override
  public Challenge createChallenge(Login login, JSON data) {
    return data.get("type").asString().equals(DeviceAttestChallenge.TYPE)
        ? new DeviceAttestChallenge(login, data)
        : super.createChallenge(login, data);
  }
}
