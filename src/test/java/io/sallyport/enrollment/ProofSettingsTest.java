package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the operator sets, and which addresses are asked because of it. */
class ProofSettingsTest {
  private static AcmeSettings settings(Map<String, String> values) {
    return new SmallRyeConfigBuilder()
        .withMapping(AcmeSettings.class)
        .withDefaultValues(values)
        .build()
        .getConfigMapping(AcmeSettings.class);
  }

  private static AskedNetworks networks(String allowed) {
    return new AskedNetworks(
        new ProofSettings(settings(Map.of("sallyport.acme.allowed-networks", allowed))));
  }

  @Test
  void theDefaultsAreThese() {
    AcmeSettings settings = settings(Map.of());

    assertEquals(80, settings.http01Port());
    assertEquals(Duration.ofDays(1), settings.orderLifetime());
    assertEquals(20, settings.openOrders());
    assertTrue(settings.allowedNetworks().isEmpty());
    assertEquals(Optional.empty(), new ProofSettings(settings).resolver());
  }

  @Test
  void allFaultsAreToldAtOnce() {
    Map<String, String> wrong = Map.of(
        "sallyport.acme.allowed-networks", "10.0.0.0/8,10.0.0.0/33,plant",
        "sallyport.acme.resolver", "dns.plant.example",
        "sallyport.acme.http-01-port", "0",
        "sallyport.acme.order-lifetime", "P31D",
        "sallyport.acme.open-orders", "0");

    String message = String.valueOf(
        assertThrows(IllegalStateException.class, () -> new ProofSettings(settings(wrong)))
            .getMessage());

    assertEquals(6, message.split(";").length, message);
  }

  @ParameterizedTest
  @CsvSource({"10.0.0.1, 53", "10.0.0.1:5353, 5353", "fd00::1, 53", "[fd00::1]:5353, 5353"})
  void aResolverIsAnAddress(String text, int port) {
    InetSocketAddress resolver = new ProofSettings(
            settings(Map.of("sallyport.acme.resolver", text)))
        .resolver()
        .orElseThrow();

    assertEquals(port, resolver.getPort());
    assertFalse(resolver.isUnresolved());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "192.0.0.192",
        "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "fe80::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "fd00:ec2::254",
        "ff02::1"
      })
  void thisHostThisLinkAndMetadataAreNotAsked(String address) {
    assertFalse(networks("10.0.0.0/8").allows(InetAddress.ofLiteral(address)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"203.0.113.7", "172.31.255.1", "192.168.250.250", "2001:db8::7", "fd12::7"})
  void thePlantsNetworksAreAsked(String address) {
    assertTrue(networks("10.0.0.0/8").allows(InetAddress.ofLiteral(address)));
  }

  @Test
  void whatTheOperatorAllowsIsAskedAndNoMore() {
    AskedNetworks networks = networks("127.0.0.0/30, ::1/128");

    assertTrue(networks.allows(InetAddress.ofLiteral("127.0.0.1")));
    assertTrue(networks.allows(InetAddress.ofLiteral("::1")));
    assertFalse(networks.allows(InetAddress.ofLiteral("127.0.0.4")));
  }
}
