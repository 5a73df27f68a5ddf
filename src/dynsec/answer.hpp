// What the plugin's answers say.
#pragma once

#include "multimqtt/dynsec_error.hpp"
#include "multimqtt/dynsec_values.hpp"
#include "multimqtt/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::dynsec {

/// What kind of failure the plugin's text is, in answer to `command`. Versions differ in their words.
[[nodiscard]] DynsecError kind_of(std::string_view text, std::string_view command) noexcept;

/// The data of an answer, empty where it has none, or the failure.
[[nodiscard]] Result<boost::json::object> outcome_of(const boost::json::object& command,
                                                     boost::json::object answer);

// The values in the data of answers. Members that are missing or of another type are as if they were empty.
[[nodiscard]] const boost::json::object& object_in(const boost::json::object& data, std::string_view member);
[[nodiscard]] const boost::json::array& array_in(const boost::json::object& data, std::string_view member);
[[nodiscard]] std::string text_in(const boost::json::object& data, std::string_view member);
[[nodiscard]] std::uint64_t count_in(const boost::json::object& data, std::string_view member);

[[nodiscard]] ClientDetails client_of(const boost::json::object& object);
[[nodiscard]] GroupDetails group_of(const boost::json::object& object);
[[nodiscard]] RoleDetails role_of(const boost::json::object& object);
[[nodiscard]] DefaultAccess default_access_of(const boost::json::array& acls);
[[nodiscard]] std::vector<std::string> texts_of(const boost::json::array& list);

}  // namespace multimqtt::dynsec
