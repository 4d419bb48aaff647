package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Filter;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Explanation.Change;
import io.sallyport.policy.Explanation.Fact;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Observed;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What a device may do at present, and why. The question stands in the address, so that it can be passed on. */
@Path("/console/explain")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class ExplainPage {
  private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "icmp");
  private static final int HIGHEST_PORT = 65_535;

  private final Devices devices;
  private final DecisionPoint decisions;
  private final Caller caller;

  ExplainPage(Devices devices, DecisionPoint decisions, Caller caller) {
    this.devices = devices;
    this.decisions = decisions;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance explain(View view);
  }

  /** The question as it was typed, and its answer. */
  record View(Asked asked, @Nullable String fault, @Nullable Answer answer) {}

  /** A question; empty for what was left open. */
  record Asked(String device, String peer, String protocol, String port) {}

  /** An answer. */
  record Answer(
      Device device,
      Tag state,
      Decision decision,
      Tag verdict,
      String flow,
      List<String> flows,
      List<String> observed,
      List<Unmet> unmet,
      List<Change> changes,
      List<Fact> facts) {}

  @GET
  @Requires(Right.EXPLAIN)
  public TemplateInstance get(
      @QueryParam("device") @Nullable String device,
      @QueryParam("peer") @Nullable String peer,
      @QueryParam("protocol") @Nullable String protocol,
      @QueryParam("port") @Nullable String port) {
    Asked asked = new Asked(or(device), or(peer), or(protocol), or(port));
    if (asked.device().isBlank()) {
      return Templates.explain(new View(asked, null, null));
    }
    try {
      return Templates.explain(new View(asked, null, answer(asked)));
    } catch (Refusal refusal) {
      return Templates.explain(new View(asked, refusal.detail(), null));
    }
  }

  private Answer answer(Asked asked) {
    Device device = device(Inputs.line("Device", asked.device()));
    RequestedFlow flow = flow(asked);
    Decision decision = decisions.decide(device.id(), flow, caller.actor());
    Optional<Explanation> grounds = decisions.explain(device.id(), flow);
    return new Answer(
        device,
        Tag.of(device.state()),
        decision,
        Tag.permit(decision.permit()),
        flow == null
            ? "anything at all"
            : DeviceDossier.flow(flow.peer(), flow.protocol(), DeviceDossier.port(flow)),
        decision.verdict().flows().stream()
            .map(allowed -> DeviceDossier.flow(
                allowed.peer(), allowed.protocol(), String.join(", ", allowed.ports())))
            .toList(),
        decision.verdict().observed().stream().map(Observed::reason).toList(),
        grounds.map(Explanation::unmet).orElse(List.of()),
        grounds.map(Explanation::changes).orElse(List.of()),
        grounds.map(Explanation::facts).orElse(List.of()));
  }

  /** By its id, or by its serial number where one device alone has it. */
  private Device device(String text) {
    Optional<UUID> id = Inputs.id(text);
    if (id.isPresent()) {
      return devices.get(id.get(), caller.sites());
    }
    List<Device> found =
        devices.list(new Filter(null, null, null, caller.sites(), text), null, 100).items().stream()
            .filter(device -> device.hardware().serialNumber().equals(text))
            .toList();
    if (found.size() != 1) {
      throw Inputs.malformed(
          found.isEmpty()
              ? "No device has this id or serial number."
              : "Several devices have this serial number; give the id of the one that is meant.");
    }
    return found.getFirst();
  }

  private static @Nullable RequestedFlow flow(Asked asked) {
    if (asked.peer().isBlank() && asked.port().isBlank()) {
      return null;
    }
    String protocol = asked.protocol().isEmpty() ? "tcp" : asked.protocol();
    if (!PROTOCOLS.contains(protocol)) {
      throw Inputs.malformed("The protocol must be tcp, udp or icmp.");
    }
    if (protocol.equals("icmp")) {
      String peer = Inputs.line("Peer", asked.peer());
      return new RequestedFlow(
          peer, protocol, asked.port().isBlank() ? 0 : type(asked.port().strip(), peer));
    }
    int port = (int) Inputs.number("Port", Inputs.line("Port", asked.port()), 0, HIGHEST_PORT);
    return new RequestedFlow(Inputs.line("Peer", asked.peer()), protocol, port);
  }

  private static int type(String text, String peer) {
    try {
      return IcmpTypes.one(text, peer);
    } catch (IcmpTypes.Malformed e) {
      throw Inputs.malformed("The type of ICMP " + e.getMessage() + ".");
    }
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text.strip();
  }
}
