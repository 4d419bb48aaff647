package io.sallyport.kernel;

/**
 * An expected refusal: the problem's row and one sentence that tells the one who asked what to do. The detail goes over
 * the wire, so it names nothing internal and no secret. Carries no stack trace.
 */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Problem problem;
  private final String detail;

  public Refusal(Problem problem, String detail) {
    super(problem.slug() + ": " + detail, null, false, false);
    this.problem = problem;
    this.detail = detail;
  }

  public Problem problem() {
    return problem;
  }

  public String detail() {
    return detail;
  }
}
