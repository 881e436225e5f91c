// GitHub's Markdown parser. Nothing is added: all of its calls can be made from Swift.
#pragma once
#include <cmark-gfm.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm-core-extensions.h>
