package io.sallyport.admin.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/** Writes a problem document as a page for people. What was refused is decided, recorded and counted elsewhere. */
class ErrorPages {
  private static final String PROBLEM = "application/problem+json";
  private static final ObjectMapper JSON = new ObjectMapper();

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance error(
        int status, String heading, String detail, String instance);
  }

  @ServerResponseFilter
  public void show(ContainerRequestContext request, ContainerResponseContext response) {
    String path = request.getUriInfo().getPath();
    if (response.getStatus() < 400
        || !(path.equals(Console.PATH) || path.startsWith(Console.PATH + "/"))
        || !String.valueOf(response.getMediaType()).startsWith(PROBLEM)
        || !(response.getEntity() instanceof String document)) {
      return;
    }
    try {
      JsonNode problem = JSON.readTree(document);
      String page = Templates.error(
              response.getStatus(),
              problem.path("title").asText(),
              problem.path("detail").asText(),
              problem.path("instance").asText(""))
          .render();
      response.setEntity(page);
      response.getHeaders().putSingle("Content-Type", "text/html;charset=UTF-8");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a problem document could not be read back", e);
    }
  }
}
