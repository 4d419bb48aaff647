package io.sallyport.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A flow that a device wants: {@code peer/protocol/port}, for instance {@code vms.plant.example/tcp/8554}. */
record Flow(String peer, String protocol, int port) {
  private static final int HIGHEST_PORT = 65535;

  /** Reads the form of the command line; the peer itself may hold a slash (a CIDR). */
  static Flow of(String text) {
    int second = text.lastIndexOf('/');
    int first = second < 0 ? -1 : text.lastIndexOf('/', second - 1);
    if (first <= 0) {
      throw new IllegalArgumentException("'" + text + "' is not peer/protocol/port");
    }
    int port;
    try {
      port = Integer.parseInt(text.substring(second + 1));
    } catch (NumberFormatException e) {
      port = -1;
    }
    if (port < 0 || port > HIGHEST_PORT) {
      throw new IllegalArgumentException("'" + text + "' does not end in a port from 0 to 65535");
    }
    return new Flow(text.substring(0, first), text.substring(first + 1, second), port);
  }

  /** RFC 9396, type {@code network_flow}. */
  ObjectNode authorizationDetail() {
    return Json.object()
        .put("type", "network_flow")
        .put("peer", peer)
        .put("protocol", protocol)
        .put("port", port);
  }

  @Override
  public String toString() {
    return peer + "/" + protocol + "/" + port;
  }

  /** For picocli. */
  static final class Converter implements ITypeConverter<Flow> {
    @Override
    public Flow convert(String text) {
      try {
        return Flow.of(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }
}
