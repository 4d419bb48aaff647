package io.sallyport.enrollment;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.dns.DnsClient;
import io.vertx.core.dns.DnsClientOptions;
import io.vertx.core.dns.DnsException;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;

/** Where a host name leads: by the DNS server that is set, or as this machine sees it. */
@Singleton
final class NameResolver {
  private static final int PATIENCE_MILLIS = 1_500;
  /** A datagram may be lost. */
  private static final int TRIES = 3;

  private final Vertx vertx;
  private final Optional<InetSocketAddress> server;

  NameResolver(Vertx vertx, ProofSettings settings) {
    this.vertx = vertx;
    this.server = settings.resolver();
  }

  /** Every address, or none when there is none. Blocks; must not be called on an event loop. */
  List<InetAddress> resolve(String host) {
    try {
      return List.of(InetAddress.ofLiteral(
          host.startsWith("[") && host.endsWith("]")
              ? host.substring(1, host.length() - 1)
              : host));
    } catch (IllegalArgumentException aName) {
      return server.isPresent() ? ask(server.get(), host) : ofMachine(host);
    }
  }

  private static List<InetAddress> ofMachine(String host) {
    try {
      return List.of(InetAddress.getAllByName(host));
    } catch (UnknownHostException e) {
      return List.of();
    }
  }

  private List<InetAddress> ask(InetSocketAddress address, String host) {
    DnsClient client = vertx.createDnsClient(new DnsClientOptions()
        .setHost(address.getAddress().getHostAddress())
        .setPort(address.getPort())
        .setQueryTimeout(PATIENCE_MILLIS));
    return Stream.<Function<String, Future<List<String>>>>of(client::resolveA, client::resolveAAAA)
        .flatMap(question -> ask(question, host).stream())
        .map(InetAddress::ofLiteral)
        .toList();
  }

  private static List<String> ask(Function<String, Future<List<String>>> question, String host) {
    for (int tries = 0; tries < TRIES; tries++) {
      try {
        return question
            .apply(host)
            .toCompletionStage()
            .toCompletableFuture()
            .get(2L * PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      } catch (ExecutionException failed) {
        if (failed.getCause() instanceof DnsException) {
          return List.of();
        }
      } catch (TimeoutException late) {
        return List.of();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return List.of();
      }
    }
    return List.of();
  }
}
