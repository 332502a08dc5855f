// This page answered a form. Going back to it, or loading it again, asks for the page and sends nothing twice.
"use strict";
history.replaceState(null, "", location.href);
