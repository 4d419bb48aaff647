package io.sallyport.admin.console;

import io.sallyport.admin.ServedAlways;
import io.sallyport.admin.console.Assets.Asset;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/** Serves {@link Assets}, to anybody: the sign-in page needs them. */
@ServedAlways
@Path(AssetsResource.PATH)
@PermitAll
class AssetsResource {
  static final String PATH = "/console/assets";

  private static final String FOR_EVER = "public, max-age=31536000, immutable";

  private final Assets assets;

  AssetsResource(Assets assets) {
    this.assets = assets;
  }

  /** Of another version than this node's, while nodes are being replaced, nothing may be kept. */
  @GET
  @Path("{version}/{name}")
  public Response get(
      @PathParam("version") String version,
      @PathParam("name") String name,
      @HeaderParam(HttpHeaders.ACCEPT_ENCODING) @Nullable String encodings) {
    Asset asset = assets
        .find(name)
        .orElseThrow(() -> new Refusal(CommonProblem.NOT_FOUND, "The console has no such file."));
    boolean compressed = encodings != null && encodings.contains("gzip");
    Response.ResponseBuilder response = Response.ok(compressed ? asset.gzip() : asset.octets())
        .header(HttpHeaders.CONTENT_TYPE, asset.type())
        .header(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING)
        .header(
            HttpHeaders.CACHE_CONTROL, version.equals(assets.version()) ? FOR_EVER : "no-store");
    if (compressed) {
      response.header(HttpHeaders.CONTENT_ENCODING, "gzip");
    }
    return response.build();
  }
}
