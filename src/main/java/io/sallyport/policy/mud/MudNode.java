package io.sallyport.policy.mud;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.kernel.Refusal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A value of a MUD file with its place, read strictly. */
record MudNode(JsonNode json, String path) {
  /** An object with no other fields than these. */
  MudNode object(String... known) {
    if (!json.isObject()) {
      throw fault("must be an object");
    }
    Set<String> names = Set.copyOf(Arrays.asList(known));
    json.fieldNames().forEachRemaining(name -> {
      if (!names.contains(name)) {
        throw new MudNode(json.get(name), path + "/" + name).fault("is not supported");
      }
    });
    return this;
  }

  Optional<MudNode> find(String name) {
    return Optional.ofNullable(json.get(name)).map(value -> new MudNode(value, path + "/" + name));
  }

  MudNode need(String name) {
    return find(name).orElseThrow(() -> fault("lacks " + name));
  }

  List<MudNode> items(int most) {
    if (!json.isArray() || json.size() > most) {
      throw fault("must be an array of at most " + most);
    }
    List<MudNode> items = new ArrayList<>();
    for (int i = 0; i < json.size(); i++) {
      items.add(new MudNode(json.get(i), path + "/" + i));
    }
    return items;
  }

  String text(int most) {
    if (!json.isTextual()
        || json.textValue().length() > most
        || json.textValue().chars().anyMatch(Character::isISOControl)) {
      throw fault("must be a string of at most " + most + " characters");
    }
    return json.textValue();
  }

  int number(int least, int most) {
    if (!json.isInt() || json.intValue() < least || json.intValue() > most) {
      throw fault("must be a whole number from " + least + " to " + most);
    }
    return json.intValue();
  }

  boolean flag() {
    if (!json.isBoolean()) {
      throw fault("must be true or false");
    }
    return json.booleanValue();
  }

  /** YANG type {@code empty} in JSON is {@code [null]} (RFC 7951 §6.9). */
  void empty() {
    if (!json.isArray() || json.size() != 1 || !json.get(0).isNull()) {
      throw fault("must be [null]");
    }
  }

  Refusal fault(String reason) {
    String place = path.isEmpty() ? "the file" : path;
    return new Refusal(
        MudProblem.INVALID_MUD,
        (place.length() > 300 ? place.substring(0, 300) + "…" : place).replaceAll("\\p{Cntrl}", "?")
            + " " + reason + ".");
  }
}
