package io.sallyport.door.authzen;

import io.sallyport.door.authzen.EvaluationReader.Item;
import io.sallyport.door.authzen.EvaluationReader.Part;
import io.sallyport.door.authzen.EvaluationReader.Shape;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import org.jspecify.annotations.Nullable;

/**
 * One evaluation as AuthZEN shapes it (Authorization API 1.0 §5, §6). Fields that it does not know are left alone.
 *
 * @param flow null when the resource is none of ours, or its properties name no flow
 */
record Evaluation(
    String subjectType,
    String subjectId,
    String action,
    String resourceType,
    @Nullable RequestedFlow flow) {
  /**
   * An entity that {@code item} has replaces the one of {@code defaults} whole. Refuses with {@code malformed} what is
   * missing or mistyped, by its path.
   */
  static Evaluation of(Item item, Item defaults) {
    if (item.context.or(defaults.context).shape == Shape.MISTYPED) {
      throw malformed("context must be an object");
    }
    Part action = item.action.or(defaults.action);
    requireObject(action, "action");
    String name = text(action.name, "action.name");
    Part subject = item.subject.or(defaults.subject);
    requireEntity(subject, "subject");
    Part resource = item.resource.or(defaults.resource);
    requireEntity(resource, "resource");
    return new Evaluation(
        text(subject.type, "subject.type"),
        text(subject.id, "subject.id"),
        name,
        text(resource.type, "resource.type"),
        Meanings.flow(resource));
  }

  static Refusal malformed(String detail) {
    return new Refusal(CommonProblem.MALFORMED, detail);
  }

  static void requireEntity(Part part, String where) {
    requireObject(part, where);
    text(part.type, where + ".type");
    text(part.id, where + ".id");
  }

  static void requireObject(Part part, String where) {
    if (part.shape != Shape.FITTING) {
      throw malformed(where + " must be an object");
    }
    if (part.properties == Shape.MISTYPED) {
      throw malformed(where + ".properties must be an object");
    }
  }

  static String text(@Nullable String value, String where) {
    if (value == null) {
      throw malformed(where + " must be a string");
    }
    return value;
  }
}
