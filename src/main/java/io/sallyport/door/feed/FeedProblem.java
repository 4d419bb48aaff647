package io.sallyport.door.feed;

import io.sallyport.kernel.Problem;

/** What feeds refuse. */
enum FeedProblem implements Problem {
  NOT_YOUR_FEED("not-your-feed", 404, "No such feed for this enforcement point"),
  NO_FEED("no-feed", 403, "Points of this kind have no feed"),
  NO_FLOW_CLASS("no-flow-class", 409, "The list has no flow class"),
  FEED_TOO_LARGE("feed-too-large", 507, "The feed holds more than it may"),
  UNKNOWN_POSITION("unknown-position", 422, "The position was not given out");

  private final String slug;
  private final int status;
  private final String title;

  FeedProblem(String slug, int status, String title) {
    this.slug = slug;
    this.status = status;
    this.title = title;
  }

  @Override
  public String slug() {
    return slug;
  }

  @Override
  public int status() {
    return status;
  }

  @Override
  public String title() {
    return title;
  }
}
