// One entry for each fact; seconds say so in their names.
#include "connection_facts.hpp"

#include "field.hpp"

namespace multimqtt::bindings {

nb::dict to_python(const ConnectionFacts& facts) {
    nb::dict by_name;
    by_name["endpoint"] = to_python(std::string_view{facts.endpoint});
    by_name["version"] = to_python(to_string(facts.version));
    by_name["client_id"] = to_python(std::string_view{facts.client_id});
    by_name["session_present"] = facts.session_present;
    by_name["session_expiry_s"] = facts.session_expiry.count();
    by_name["keep_alive_s"] = facts.keep_alive.count();
    by_name["maximum_qos"] = static_cast<int>(facts.maximum_qos);
    by_name["retain_available"] = facts.retain_available;
    by_name["receive_maximum"] = facts.receive_maximum;
    by_name["packet_bytes_max"] = facts.packet_bytes_max;
    by_name["topic_alias_maximum"] = facts.topic_alias_maximum;
    by_name["wildcard_subscriptions"] = facts.wildcard_subscriptions;
    by_name["subscription_identifiers"] = facts.subscription_identifiers;
    by_name["shared_subscriptions"] = facts.shared_subscriptions;
    return by_name;
}

}  // namespace multimqtt::bindings
