package io.sallyport.admin.api;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches;
import io.sallyport.door.ImportRows;
import io.sallyport.door.LineRows;
import io.sallyport.door.RowExchange;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.marks.Marks;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * The streams of the people's front, in and out at once, which REST methods cannot do. After authentication and its policy,
 * before the limits of bodies; what the filters of REST methods check is checked here.
 */
@Singleton
final class BatchStreams {
  private static final Logger LOG = Logger.getLogger(BatchStreams.class);
  private static final Pattern PATH =
      Pattern.compile("/api/v1/batches/([0-9a-fA-F-]{36})/(issue|import)");

  /** Authentication has 200, its policy 100, and the limit of bodies 2. */
  private static final int AFTER_AUTHENTICATION = 50;

  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final Batches batches;
  private final LineRows rows;
  private final ImportRows files;
  private final Marks marks;
  private final Ids ids;

  BatchStreams(Batches batches, LineRows rows, ImportRows files, Marks marks, Ids ids) {
    this.ids = ids;
    this.batches = batches;
    this.files = files;
    this.rows = rows;
    this.marks = marks;
  }

  /** Whether a request may be as long as it likes. */
  static boolean isStream(RoutingContext context) {
    return context.request().method().equals(HttpMethod.POST)
        && PATH.matcher(context.normalizedPath()).matches();
  }

  void install(@Observes Filters filters) {
    filters.register(this::serve, AFTER_AUTHENTICATION);
  }

  private void serve(RoutingContext context) {
    Matcher path = PATH.matcher(context.normalizedPath());
    if (!isStream(context)
        || !path.matches()
        || !(context.user() instanceof QuarkusHttpUser user)) {
      context.next();
      return;
    }
    RowExchange exchange = RowExchange.open(context);
    SecurityIdentity identity = user.getSecurityIdentity();
    workers.execute(() -> {
      try {
        marks.require();
        Caller caller = new Caller(identity);
        caller.require(Right.REGISTER_DEVICES);
        Batch batch = batches.get(Fields.uuid("id", path.group(1)), caller.sites());
        if (path.group(2).equals("issue")) {
          rows.issue(exchange, batch, null, caller.actor(), marks::require);
        } else if (isCheck(context)) {
          files.check(exchange, batch, isCsv(context));
        } else {
          files.serve(exchange, batch, isCsv(context), caller.actor());
        }
      } catch (RuntimeException refused) {
        refuse(context, exchange, refused);
      }
    });
  }

  private static boolean isCheck(RoutingContext context) {
    List<String> values = context.queryParam("check");
    return switch (values.isEmpty() ? "false" : String.join(",", values)) {
      case "false" -> false;
      case "", "true" -> true;
      default -> throw new Refusal(CommonProblem.MALFORMED, "check is true or false.");
    };
  }

  private static boolean isCsv(RoutingContext context) {
    String type = String.valueOf(context.request().getHeader(HttpHeaderNames.CONTENT_TYPE));
    String media = type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    return switch (media) {
      case "text/csv" -> true;
      case RowExchange.MEDIA_TYPE -> false;
      default ->
        throw new Refusal(
            CommonProblem.UNSUPPORTED_MEDIA_TYPE,
            "Send text/csv or " + RowExchange.MEDIA_TYPE + ".");
    };
  }

  /** Only before the first line was answered. */
  private void refuse(RoutingContext context, RowExchange exchange, RuntimeException why) {
    Failure failure = Failure.of(why);
    UUID instance = failure.expected() ? null : ids.next();
    if (instance != null) {
      LOG.errorf(why, "a stream of a batch failed (%s)", instance);
    }
    exchange.refuse(
        failure.problem().status(),
        ProblemDocument.MEDIA_TYPE,
        ProblemDocument.of(failure.problem(), failure.detail(), instance).json());
  }
}
