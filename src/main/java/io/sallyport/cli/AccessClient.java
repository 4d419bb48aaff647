package io.sallyport.cli;

import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;

/** An enforcement point that asks for decisions (AuthZEN Authorization API 1.0), over mutual TLS. */
final class AccessClient implements AutoCloseable {
  private final URI endpoint;
  private final Web web;

  AccessClient(URI server, Web web) {
    this.endpoint = server.resolve("/access/v1/evaluation");
    this.web = web;
  }

  /** May {@code device} connect to {@code flow}? */
  Answer ask(String device, Flow flow) {
    return ask(question(device, flow));
  }

  Answer ask(byte[] question) {
    return web.send(Web.to(endpoint)
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofByteArray(question))
        .build());
  }

  static byte[] question(String device, Flow flow) {
    var question = Json.object();
    question.putObject("subject").put("type", "device").put("id", device);
    question.putObject("action").put("name", "connect");
    question
        .putObject("resource")
        .put("type", "service")
        .put("id", flow.peer())
        .putObject("properties")
        .put("protocol", flow.protocol())
        .put("port", flow.port());
    return Json.octets(question);
  }

  @Override
  public void close() {
    web.close();
  }
}
