package io.sallyport.door.radius;

import io.sallyport.door.Reply;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An answer that lets a device in, as {@code rlm_rest} reads it. Nothing in it comes from the question. */
final class AccessAccept {
  private final Map<ReplyAttribute, String> attributes = new EnumMap<>(ReplyAttribute.class);

  AccessAccept with(ReplyAttribute attribute, String value) {
    attributes.put(attribute, attribute.check(value));
    return this;
  }

  AccessAccept with(ReplyAttribute attribute, long value) {
    return with(attribute, Long.toString(value));
  }

  AccessAccept vlan(int vlan) {
    return with(ReplyAttribute.TUNNEL_TYPE, "VLAN")
        .with(ReplyAttribute.TUNNEL_MEDIUM_TYPE, "IEEE-802")
        .with(ReplyAttribute.TUNNEL_PRIVATE_GROUP_ID, vlan);
  }

  /** {@code do_xlat} is true unless it says false, and would have FreeRADIUS expand what is in the value. */
  Reply reply() {
    Map<String, Object> body = new LinkedHashMap<>();
    attributes.forEach((attribute, value) -> {
      Map<String, Object> wrapped = new LinkedHashMap<>();
      wrapped.put("do_xlat", false);
      wrapped.put("is_json", false);
      wrapped.put("op", ":=");
      wrapped.put("value", List.of(value));
      body.put("reply:" + attribute.dictionaryName(), wrapped);
    });
    return Reply.json(200, body).with("Cache-Control", "no-store");
  }
}
