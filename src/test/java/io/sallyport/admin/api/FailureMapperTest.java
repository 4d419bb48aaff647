package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.sallyport.admin.Caller;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailureMapperTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final FailureMapper mapper = new FailureMapper(
      new Caller(QuarkusSecurityIdentity.builder().setAnonymous(true).build()),
      new NoAudit(),
      new Refusals(meters),
      new Ids(Clock.systemUTC(), new SecureRandom()));

  @ParameterizedTest
  @ValueSource(strings = {"08001", "08006", "53300", "57P01", "57P03", "57014", "25006"})
  void aDatabaseThatIsAwayIs503WithRetryAfter(String state) {
    Response response =
        answer(new IllegalStateException("x", new SQLException("refused at 10.0.0.7", state)));

    assertEquals(503, response.getStatus());
    assertEquals("2", response.getHeaderString("Retry-After"));
    assertEquals("application/problem+json", response.getMediaType().toString());
    assertFalse(response.getEntity().toString().contains("10.0.0.7"));
    assertEquals(
        1, meters.counter("sallyport_refusals", "problem", "unavailable").count());
  }

  @Test
  void aDefectInAStatementIsNoOutage() {
    Response response =
        answer(new IllegalStateException("x", new SQLException("syntax error", "42601")));

    assertEquals(500, response.getStatus());
    assertFalse(response.getEntity().toString().contains("syntax"));
  }

  @Test
  void aRefusalIsRecordedWithoutTheSecretInItsPath() throws NoSuchMethodException {
    List<Fact> facts = new ArrayList<>();
    FailureMapper recording = new FailureMapper(
        new Caller(QuarkusSecurityIdentity.builder().setPrincipal(() -> "admin").build()),
        new NoAudit() {
          @Override
          public void recordRefusal(Fact fact) {
            facts.add(fact);
          }
        },
        new Refusals(meters),
        new Ids(Clock.systemUTC(), new SecureRandom()));

    for (String method : List.of("first", "suspend")) {
      recording.answer(
          new Refusal(CommonProblem.FORBIDDEN, "no"),
          stub(
              ContainerRequestContext.class,
              Map.of("getMethod", "POST", "getPath", "/console/" + method + "/s3cr3t")),
          stub(
              ResourceInfo.class,
              Map.of(
                  "getResourceClass",
                  Pages.class,
                  "getResourceMethod",
                  Pages.class.getDeclaredMethod(method))));
    }

    assertEquals(
        List.of("/console/first/{secret}", "/console/suspend/s3cr3t"),
        facts.stream().map(fact -> fact.detail().get("path")).toList());
  }

  @Path("/console")
  private interface Pages {
    @Path("first/{secret}")
    void first();

    @Path("suspend/{id}")
    void suspend();
  }

  private Response answer(Throwable thrown) {
    return mapper.answer(thrown, stub(ContainerRequestContext.class), stub(ResourceInfo.class));
  }

  /** Answers with GET on a path without a resource, and nothing else. */
  private static <T> T stub(Class<T> type) {
    return stub(type, Map.of());
  }

  private static <T> T stub(Class<T> type, Map<String, Object> answers) {
    return type.cast(Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) -> switch (method.getName()) {
          case String name when answers.containsKey(name) -> answers.get(name);
          case "getMethod" -> "GET";
          case "getUriInfo" -> stub(UriInfo.class, answers);
          case "getPath" -> "/api/v1/devices";
          case "getResourceMethod" -> null;
          default -> throw new UnsupportedOperationException(method.getName());
        }));
  }

  private static class NoAudit implements Audit {
    @Override
    public void record(Fact fact) {
      throw new AssertionError(fact);
    }

    @Override
    public void recordRefusal(Fact fact) {
      throw new AssertionError(fact);
    }
  }
}
