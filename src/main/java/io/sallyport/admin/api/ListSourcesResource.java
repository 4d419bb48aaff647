package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.ListSources;
import io.sallyport.devices.ListSources.ListSource;
import io.sallyport.kernel.Digest;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Where revocation lists under one trust anchor are fetched from. */
@Path(Api.V1 + "/manufacturers/{name}/anchors/{digest}/list-sources")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "manufacturers")
class ListSourcesResource {
  private static final int MOST = 8;

  private final ListSources sources;
  private final Caller caller;

  ListSourcesResource(ListSources sources, Caller caller) {
    this.sources = sources;
    this.caller = caller;
  }

  @PUT
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "setListSources",
      summary = "Say where an anchor's revocation lists are fetched from; each is asked at once",
      description =
          "http or https on a host of the setting sallyport.manufacturers.list-hosts. A list is fetched again before it"
              + " ends, at the latest after a day.")
  public Items<SourceView> set(
      @PathParam("name") String name, @PathParam("digest") String digest, @Nullable Urls body) {
    List<@Nullable String> given = Fields.required("urls", Fields.body(body).urls());
    if (given.size() > MOST) {
      throw Fields.malformed("urls", "may have " + MOST + " entries at most");
    }
    List<String> urls = new ArrayList<>();
    given.forEach(url -> urls.add(Fields.text("urls", url)));
    return view(sources.set(name, digest(digest), urls, caller.actor()));
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "getListSources",
      summary = "Where an anchor's revocation lists are fetched from, and what came of it")
  public Items<SourceView> get(@PathParam("name") String name, @PathParam("digest") String digest) {
    return view(sources.of(name, digest(digest)));
  }

  private static Items<SourceView> view(List<ListSource> found) {
    return new Items<>(found.stream().map(SourceView::of).toList(), null);
  }

  private static Digest digest(String hex) {
    try {
      return Digest.ofHex(hex);
    } catch (IllegalArgumentException e) {
      throw Fields.malformed("digest", "is not a SHA-256 digest in hexadecimal digits");
    }
  }

  /** Addresses. */
  @Schema(name = "ListSourceUrls", requiredProperties = "urls")
  record Urls(@Nullable List<@Nullable String> urls) {}

  /** An address and what came of it. */
  @Schema(name = "ListSource")
  record SourceView(
      String url,
      @Schema(description = "When it is asked again.") Instant nextAt,
      @Schema(nullable = true) @Nullable Instant fetchedAt,

      @Schema(description = "Why the last attempt came to nothing.", nullable = true) @Nullable
      String failure) {
    static SourceView of(ListSource source) {
      return new SourceView(source.url(), source.nextAt(), source.fetchedAt(), source.failure());
    }
  }
}
