package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin voucher}. */
@Command(
    name = "voucher",
    description = "Vouchers (RFC 8366), by which devices learn whose domain they belong to.")
final class VoucherCommands {
  private static final String PATH = "/vouchers";

  private final Options options;

  VoucherCommands(Options options) {
    this.options = options;
  }

  /** Takes a released device over with the voucher. */
  static final class Claiming {
    @Option(
        names = "--code-file",
        paramLabel = "FILE",
        required = true,
        description = "with the code by which the device is claimed in the same act")
    @SuppressWarnings("NullAway.Init")
    Path code;

    @Option(names = "--site", required = true, description = "where the device is from now on")
    @SuppressWarnings("NullAway.Init")
    String site;
  }

  @Command(description = "Issues a voucher to a device's owner, or to who claims it by a code.")
  void issue(
      @Option(names = "--owner", required = true, description = "who has the device, or claims it")
          String owner,
      @Option(
              names = "--device",
              paramLabel = "ID",
              description = "may be left out with --code-file or a request that the device signed")
          @Nullable
          UUID device,
      @Option(
              names = "--domain",
              paramLabel = "FILE",
              description =
                  "the certificate to be pinned, PEM or DER; with --request by default the topmost in it")
          @Nullable
          Path domain,
      @Option(
              names = "--request",
              paramLabel = "FILE",
              description = "a registrar's voucher request (RFC 8995), CMS in DER")
          @Nullable
          Path request,
      @Option(names = "--nonce", paramLabel = "BASE64", description = "what the device sent")
          @Nullable
          String nonce,
      @Option(
              names = "--lifetime",
              description = "without a nonce: ISO 8601 duration, at most P30D (default: P1D)")
          @Nullable
          Duration lifetime,
      @Option(names = "--assertion", description = "verified, logged or proximity") @Nullable
          String assertion,
      @ArgGroup(exclusive = false) @Nullable Claiming claim,
      @Option(names = "--out", paramLabel = "FILE", description = "write the voucher there")
          @Nullable
          Path out) {
    ObjectNode wanted = Json.object().put("owner", owner);
    put(wanted, "device", device);
    put(wanted, "nonce", nonce);
    put(wanted, "lifetime", lifetime);
    put(wanted, "assertion", assertion);
    if (domain != null) {
      wanted.put("domain", Pem.of(Pem.certificates(domain).getFirst()));
    }
    if (request != null) {
      wanted.put("request", base64(request));
    }
    if (claim != null) {
      wanted.putObject("claim").put("code", Pem.text(claim.code).strip()).put("site", claim.site);
    }
    try (ApiClient api = options.api()) {
      JsonNode issued = api.post(PATH, wanted);
      String id = issued.path("id").asText();
      if (out != null) {
        save(api, id, out);
      }
      options
          .output()
          .result(
              issued,
              "Voucher " + id + " for " + issued.path("serial_number").asText() + " of " + owner
                  + (out == null ? "." : " in " + out + "."));
    }
  }

  private static void put(ObjectNode object, String name, @Nullable Object value) {
    if (value != null) {
      object.put(name, value.toString());
    }
  }

  private static String base64(Path file) {
    return Base64.getEncoder().encodeToString(Pem.octets(file));
  }

  private static void save(ApiClient api, String id, Path out) {
    try (InputStream signed = api.open(PATH + "/" + id + "/artifact")) {
      WholeFile.open(out, signed.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Command(description = "Lists a device's vouchers, oldest first.")
  void list(
      @Option(names = "--device", paramLabel = "ID", required = true) UUID device,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(PATH, Map.of("device", device.toString()), limit),
              "id",
              "owner",
              "assertion",
              "created_on",
              "expires_on",
              "nonce");
    }
  }

  @Command(description = "Writes a voucher to a file, as the device takes it (CMS in DER).")
  void save(
      @Parameters(paramLabel = "ID") UUID id,
      @Option(names = "--out", paramLabel = "FILE", required = true) Path out) {
    try (ApiClient api = options.api()) {
      save(api, id.toString(), out);
      options
          .output()
          .result(Json.object().put("id", id.toString()), "Voucher " + id + " in " + out + ".");
    }
  }

  @Command(
      description = "Checks a voucher as the device would; exits with 1 when it does not hold.")
  void check(
      @Parameters(paramLabel = "FILE", description = "the voucher, CMS in DER") Path voucher,
      @Option(names = "--serial-number", required = true, description = "the device's")
          String serialNumber,
      @Option(names = "--nonce", paramLabel = "BASE64", description = "what the device sent")
          @Nullable
          String nonce,
      @Option(
              names = "--domain",
              paramLabel = "FILE",
              description = "the registrar's certificate, which must be of the pinned domain")
          @Nullable
          Path domain,
      @Option(
              names = "--anchor",
              paramLabel = "FILE",
              description =
                  "certificates of those whose vouchers are taken; without it this server's alone")
          @Nullable
          Path anchor) {
    Map<String, @Nullable String> more = new HashMap<>();
    more.put("nonce", nonce);
    more.put("domain", domain == null ? null : Pem.of(Pem.certificates(domain).getFirst()));
    if (anchor != null) {
      StringBuilder anchors = new StringBuilder();
      Pem.certificates(anchor).forEach(one -> anchors.append(Pem.of(one)));
      more.put("anchors", anchors.toString());
    }
    ObjectNode body = Json.object().put("voucher", base64(voucher));
    body.put("serial_number", serialNumber);
    more.forEach((name, value) -> put(body, name, value));
    try (ApiClient api = options.api()) {
      JsonNode held = api.post(PATH + "/check", body);
      options
          .output()
          .result(
              held,
              "The voucher holds for " + serialNumber + " ("
                  + held.path("assertion").asText() + ").");
    }
  }
}
