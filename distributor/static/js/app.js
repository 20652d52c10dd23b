// What every page has: appearance, menus, forms that are sent once, dialogs that ask first, keys, the search, tables that scroll, signing out.

import "./theme.js";
import "./menus.js";
import "./forms.js";
import "./keys.js";
import "./palette.js";
import "./scrolling.js";
import "./leaving.js";
