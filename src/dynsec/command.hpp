// What the plugin's commands need, checked before they are sent, and how a command is named in a failure.
#pragma once

#include "multimqtt/dynsec_error.hpp"
#include "multimqtt/dynsec_values.hpp"
#include "multimqtt/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::dynsec {

/// Where commands go, and where the answers to everybody's commands come from.
inline constexpr std::string_view kRequestTopic = "$CONTROL/dynamic-security/v1";
inline constexpr std::string_view kResponseTopic = "$CONTROL/dynamic-security/v1/response";

/// Whether the plugin would do what the command says. It skips ACLs and groups that it does not understand
/// without a word, and takes an ACL that does not say whether it allows for one that denies; both are refused
/// here. Commands that are not known pass. Errors: `invalid_argument`.
[[nodiscard]] Result<void> check(const boost::json::object& command);

/// The command and what it names, without a password: "addClientRole username 'bob' rolename 'reader'".
[[nodiscard]] std::string describe(const boost::json::object& command);
/// The first of several, and how many there are.
[[nodiscard]] std::string describe(std::span<const boost::json::object> commands);

[[nodiscard]] bool has_password(const boost::json::object& command);

/// One payload for all commands; each gets `id` and its index as correlation data.
/// Errors: `invalid_argument` for text that is not UTF-8.
[[nodiscard]] Result<std::string> payload_of(std::span<const boost::json::object> commands,
                                             std::string_view id);

/// The topic with `prefix` before it, behind "$share/{group}/"; other topics that begin with "$" stay.
[[nodiscard]] std::string prefixed(std::string_view prefix, std::string_view topic);

// The parts of commands.
[[nodiscard]] boost::json::array names_of(std::string_view key, const std::vector<RankedName>& names);
[[nodiscard]] boost::json::object acl_of(const Acl& acl, std::string topic);
[[nodiscard]] std::optional<AclType> acl_type_of(std::string_view name) noexcept;

}  // namespace multimqtt::dynsec
