var x = "ÿ";
