// The table of the plugin's commands, and the checks that it asks for.
#include "dynsec/command.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace multimqtt::dynsec {
namespace {

namespace json = boost::json;

/// What a command has beside names.
enum class Part : std::uint8_t { none, acl, acl_key, acls, default_acls };

struct Rule {
    std::string_view command;
    std::string_view name;         // The member that must be there,
    std::string_view second = {};  // and another one.
    Part part = Part::none;
};

constexpr Rule kRules[] = {
    {"createClient", "username"},
    {"modifyClient", "username"},
    {"deleteClient", "username"},
    {"enableClient", "username"},
    {"disableClient", "username"},
    {"getClient", "username"},
    {"setClientId", "username"},
    {"setClientPassword", "username", "password"},
    {"addClientRole", "username", "rolename"},
    {"removeClientRole", "username", "rolename"},
    {"createGroup", "groupname"},
    {"modifyGroup", "groupname"},
    {"deleteGroup", "groupname"},
    {"getGroup", "groupname"},
    {"addGroupClient", "groupname", "username"},
    {"removeGroupClient", "groupname", "username"},
    {"addGroupRole", "groupname", "rolename"},
    {"removeGroupRole", "groupname", "rolename"},
    {"setAnonymousGroup", "groupname"},
    {"createRole", "rolename", {}, Part::acls},
    {"modifyRole", "rolename", {}, Part::acls},
    {"deleteRole", "rolename"},
    {"getRole", "rolename"},
    {"addRoleACL", "rolename", {}, Part::acl},
    {"removeRoleACL", "rolename", {}, Part::acl_key},
    {"setDefaultACLAccess", {}, {}, Part::default_acls},
};

// In the order of `AclType`.
constexpr std::string_view kAclTypes[] = {"publishClientSend", "publishClientReceive", "subscribeLiteral",
                                          "subscribePattern",  "unsubscribeLiteral",   "unsubscribePattern"};
constexpr std::string_view kDefaultAclTypes[] = {"publishClientSend", "publishClientReceive", "subscribe",
                                                 "unsubscribe"};

/// Longest topic of MQTT, in bytes.
constexpr std::size_t kTopicBytesMax = 65'535;

/// Text of the command that may be looked at, or nothing.
std::string_view text_of(const json::object& command, std::string_view member) {
    const json::value* const value = command.if_contains(member);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                  : std::string_view{};
}

std::string quoted(std::string_view text) {
    return "'" + std::string{text} + "'";
}

template <std::size_t size>
std::string choice(const std::string_view (&names)[size]) {
    std::string text;
    for (const std::string_view name : names) {
        text.append(text.empty() ? "" : ", ").append(name);
    }
    return text;
}

/// Checks one command; each function returns what is wrong, or an empty text.
class Check {
public:
    explicit Check(const json::object& command) : command_{command} {}

    std::string run() const {
        if (text_of(command_, "command").empty()) {
            return "'command' must be the name of a command";
        }
        if (command_.contains("correlationData")) {
            return "'correlationData' cannot be given; it is how the answer is recognized";
        }
        const auto* const rule = std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& known) {
            return known.command == text_of(command_, "command");
        });
        return rule == std::end(kRules) ? std::string{} : run(*rule);
    }

private:
    std::string run(const Rule& rule) const {
        for (const std::string_view member : {rule.name, rule.second}) {
            if (std::string wrong = member.empty() ? std::string{} : name(command_, member); !wrong.empty()) {
                return wrong;
            }
        }
        // The plugin takes an empty password for none.
        if (command_.contains("password") && text_of(command_, "password").empty()) {
            return "'password' must be a text that is not empty";
        }
        if (rule.command == "createGroup" && command_.contains("clients")) {
            return "the plugin ignores 'clients' of a new group; use addGroupClient";
        }
        for (const auto& [list, member] : {std::pair{"roles", "rolename"}, std::pair{"groups", "groupname"},
                                           std::pair{"clients", "username"}}) {
            if (std::string wrong = names(list, member); !wrong.empty()) {
                return wrong;
            }
        }
        switch (rule.part) {
            case Part::none:
                return priority(command_);
            case Part::acl:
                return acl(command_);
            case Part::acl_key:
                return acl_key(command_);
            case Part::acls:
                return acls();
            case Part::default_acls:
                return default_acls();
        }
        return {};
    }

    static std::string name(const json::object& object, std::string_view member) {
        const std::string_view text = text_of(object, member);
        if (text.empty()) {
            return quoted(member) + " must be a text that is not empty";
        }
        if (text.find('\0') != std::string_view::npos) {
            return quoted(member) + " has a character U+0000";  // The plugin would end it there.
        }
        return {};
    }

    static std::string priority(const json::object& object) {
        const json::value* const value = object.if_contains("priority");
        return value == nullptr || value->is_int64() ? std::string{} : "'priority' must be a whole number";
    }

    static std::string entry(const json::value& value, std::string_view list, std::string_view member) {
        if (!value.is_object()) {
            return "each of " + quoted(list) + " must be an object";
        }
        std::string wrong = name(value.get_object(), member);
        return wrong.empty() ? priority(value.get_object()) : wrong;
    }

    std::string names(std::string_view list, std::string_view member) const {
        const json::value* const value = command_.if_contains(list);
        if (value == nullptr) {
            return {};
        }
        if (!value->is_array()) {
            return quoted(list) + " must be a list";
        }
        for (const json::value& one : value->get_array()) {
            if (std::string wrong = entry(one, list, member); !wrong.empty()) {
                return wrong;
            }
        }
        return {};
    }

    static std::string filter(std::string_view topic) {
        if (topic.size() > kTopicBytesMax) {
            return "the topic has " + std::to_string(topic.size()) + " bytes; MQTT allows 65535";
        }
        for (std::size_t at = topic.find_first_of("+#"); at != std::string_view::npos;
             at = topic.find_first_of("+#", at + 1)) {
            const bool begins = at == 0 || topic[at - 1] == '/';
            const bool ends = at + 1 == topic.size() || (topic[at] == '+' && topic[at + 1] == '/');
            if (!begins || !ends) {
                return "in the topic " + quoted(topic) + ", '" + topic[at] + "' must be a whole level" +
                       (topic[at] == '#' ? " and the last" : "");
            }
        }
        return {};
    }

    static std::string acl_key(const json::object& object) {
        const std::string_view type = text_of(object, "acltype");
        if (!acl_type_of(type)) {
            return "'acltype' is " + quoted(type) + "; it must be one of " + choice(kAclTypes);
        }
        std::string wrong = name(object, "topic");
        return wrong.empty() ? filter(text_of(object, "topic")) : wrong;
    }

    static std::string allow(const json::object& object) {
        const json::value* const value = object.if_contains("allow");
        return value != nullptr && value->is_bool()
                   ? std::string{}
                   : "'allow' must be true or false; the plugin takes an ACL without it for one that denies";
    }

    static std::string acl(const json::object& object) {
        std::string wrong = acl_key(object);
        wrong = wrong.empty() ? allow(object) : wrong;
        return wrong.empty() ? priority(object) : wrong;
    }

    std::string acls() const {
        const json::value* const value = command_.if_contains("acls");
        if (value == nullptr) {
            return {};
        }
        if (!value->is_array()) {
            return "'acls' must be a list";
        }
        std::set<std::pair<std::string_view, std::string_view>> seen;
        for (const json::value& one : value->get_array()) {
            if (!one.is_object()) {
                return "each of 'acls' must be an object";
            }
            const json::object& object = one.get_object();
            if (std::string wrong = acl(object); !wrong.empty()) {
                return wrong;
            }
            if (!seen.emplace(text_of(object, "acltype"), text_of(object, "topic")).second) {
                return "the ACL " + std::string{text_of(object, "acltype")} + " " +
                       quoted(text_of(object, "topic")) + " is there twice; the plugin would keep the first";
            }
        }
        return {};
    }

    std::string default_acls() const {
        const json::value* const value = command_.if_contains("acls");
        if (value == nullptr || !value->is_array() || value->get_array().empty()) {
            return "'acls' must be a list that is not empty";
        }
        for (const json::value& one : value->get_array()) {
            if (!one.is_object()) {
                return "each of 'acls' must be an object";
            }
            const std::string_view type = text_of(one.get_object(), "acltype");
            if (std::find(std::begin(kDefaultAclTypes), std::end(kDefaultAclTypes), type) ==
                std::end(kDefaultAclTypes)) {
                return "'acltype' is " + quoted(type) + "; it must be one of " + choice(kDefaultAclTypes);
            }
            if (std::string wrong = allow(one.get_object()); !wrong.empty()) {
                return wrong;
            }
        }
        return {};
    }

    const json::object& command_;
};

}  // namespace

Result<void> check(const json::object& command) {
    if (const std::string wrong = Check{command}.run(); !wrong.empty()) {
        return Failure{DynsecError::invalid_argument, describe(command) + ": " + wrong};
    }
    return {};
}

std::string describe(const json::object& command) {
    const std::string_view name = text_of(command, "command");
    std::string text{name.empty() ? "a command without a name" : name};
    for (const std::string_view member : {"groupname", "username", "rolename", "acltype", "topic"}) {
        if (const std::string_view value = text_of(command, member); !value.empty()) {
            text.append(" ").append(member).append(" ").append(quoted(value));
        }
    }
    return text;
}

std::string describe(std::span<const json::object> commands) {
    if (commands.empty()) {
        return "an empty batch";
    }
    std::string text = describe(commands.front());
    return commands.size() == 1 ? text : text + " and " + std::to_string(commands.size() - 1) + " more";
}

bool has_password(const json::object& command) {
    return command.contains("password");
}

Result<std::string> payload_of(std::span<const json::object> commands, std::string_view id) {
    json::array list;
    for (std::size_t index = 0; index < commands.size(); ++index) {
        json::object command = commands[index];
        command["correlationData"] = std::string{id} + "-" + std::to_string(index);
        list.emplace_back(std::move(command));
    }
    std::string payload = json::serialize(json::object{{"commands", std::move(list)}});
    // The writer takes any bytes; the reader takes only UTF-8.
    boost::system::error_code error;
    json::parse(payload, error);
    if (error) {
        return Failure{DynsecError::invalid_argument, describe(commands) + ": a text is not UTF-8"};
    }
    return payload;
}

std::string prefixed(std::string_view prefix, std::string_view topic) {
    prefix.remove_suffix(prefix.ends_with('/') ? 1 : 0);  // As the client takes its prefix.
    constexpr std::string_view kShare = "$share/";
    std::string_view group;
    if (topic.starts_with(kShare)) {
        const std::size_t slash = topic.find('/', kShare.size());
        if (slash != std::string_view::npos) {
            group = topic.substr(0, slash + 1);
        }
    }
    const std::string_view rest = topic.substr(group.size());
    if (prefix.empty() || rest.empty() || rest.starts_with('$')) {
        return std::string{topic};
    }
    return std::string{group}.append(prefix).append("/").append(rest);
}

json::array names_of(std::string_view key, const std::vector<RankedName>& names) {
    json::array list;
    for (const RankedName& name : names) {
        json::object entry{{key, name.name}};
        if (name.priority != -1) {
            entry["priority"] = name.priority;
        }
        list.emplace_back(std::move(entry));
    }
    return list;
}

json::object acl_of(const Acl& acl, std::string topic) {
    return {{"acltype", to_string(acl.type)},
            {"topic", std::move(topic)},
            {"allow", acl.access == Access::allow},
            {"priority", acl.priority}};
}

std::optional<AclType> acl_type_of(std::string_view name) noexcept {
    const auto* const found = std::find(std::begin(kAclTypes), std::end(kAclTypes), name);
    return found == std::end(kAclTypes) ? std::nullopt
                                        : std::optional{static_cast<AclType>(found - std::begin(kAclTypes))};
}

}  // namespace multimqtt::dynsec

namespace multimqtt {

std::string_view to_string(AclType type) noexcept {
    const auto index = static_cast<std::size_t>(type);
    return index < std::size(dynsec::kAclTypes) ? dynsec::kAclTypes[index] : "unknown";
}

}  // namespace multimqtt
