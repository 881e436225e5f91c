// libyaml's event parser. Nothing is added: all of its calls can be made from Swift.
#pragma once
#include <yaml.h>
