package io.sallyport.enrollment;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The settings, read and found coherent; otherwise the server does not start, and all faults are told at once. */
@ApplicationScoped
class ProofSettings {
  private static final int DNS_PORT = 53;
  private static final int MOST_PORT = 65_535;
  private static final Duration LONGEST_ORDER = Duration.ofDays(30);

  private final List<AddressBlock> allowedNetworks = new ArrayList<>();
  private final @Nullable InetSocketAddress resolver;

  ProofSettings(AcmeSettings settings) {
    List<String> faults = new ArrayList<>();
    for (String text : settings.allowedNetworks().orElse(List.of())) {
      try {
        allowedNetworks.add(AddressBlock.parse(text.strip()));
      } catch (IllegalArgumentException e) {
        faults.add(
            "sallyport.acme.allowed-networks: \"" + text + "\" is no network such as 10.0.0.0/8");
      }
    }
    resolver = settings.resolver().map(text -> resolver(text, faults)).orElse(null);
    if (settings.http01Port() < 1 || settings.http01Port() > MOST_PORT) {
      faults.add("sallyport.acme.http-01-port must be 1 to " + MOST_PORT);
    }
    if (!settings.orderLifetime().isPositive()
        || settings.orderLifetime().compareTo(LONGEST_ORDER) > 0) {
      faults.add("sallyport.acme.order-lifetime must be more than zero and 30 days at most");
    }
    if (settings.openOrders() < 1) {
      faults.add("sallyport.acme.open-orders must be 1 at least");
    }
    if (!faults.isEmpty()) {
      throw new IllegalStateException(String.join("; ", faults));
    }
  }

  private static @Nullable InetSocketAddress resolver(String text, List<String> faults) {
    int colon = text.lastIndexOf(':');
    boolean withPort = colon > 0 && (text.indexOf(':') == colon || text.startsWith("["));
    try {
      String address = withPort ? text.substring(0, colon) : text;
      int port = withPort ? Integer.parseInt(text.substring(colon + 1)) : DNS_PORT;
      return new InetSocketAddress(InetAddress.ofLiteral(address.replaceAll("[\\[\\]]", "")), port);
    } catch (IllegalArgumentException e) {
      faults.add("sallyport.acme.resolver must be an address such as 10.0.0.1 or 10.0.0.1:53");
      return null;
    }
  }

  void start(@Observes StartupEvent event) {
    // Made now, so that a fault is told at start and not at the first order.
  }

  List<AddressBlock> allowedNetworks() {
    return List.copyOf(allowedNetworks);
  }

  Optional<InetSocketAddress> resolver() {
    return Optional.ofNullable(resolver);
  }
}
